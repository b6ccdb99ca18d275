#include "controller/predictor.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>

namespace ridgeline {
namespace {

constexpr double kRates[] = {0.5, 1, 2, 4, 8};
constexpr double kNoises[] = {0.01, 0.1, 0.5};
// The likelihood of every kernel of the grid is found on so many points at most.
constexpr size_t kJudged = 128;

double differing_share(const Genotype& a, const Genotype& b) {
  int differing = 0;
  for (size_t d = 0; d < a.size(); ++d) differing += a[d] != b[d];
  return static_cast<double>(differing) / static_cast<double>(a.size());
}

Eigen::MatrixXd differing_shares(std::span<const Genotype> genotypes) {
  const auto n = static_cast<Eigen::Index>(genotypes.size());
  Eigen::MatrixXd shares(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) {
      shares(i, j) = shares(j, i) =
          differing_share(genotypes[static_cast<size_t>(i)], genotypes[static_cast<size_t>(j)]);
    }
  }
  return shares;
}

/// log(p / (1 - p)) of each reward's share p of lower ones; equals count half.
Eigen::VectorXd rank_logits(std::span<const double> rewards) {
  std::vector<double> sorted(rewards.begin(), rewards.end());
  std::sort(sorted.begin(), sorted.end());
  Eigen::VectorXd logits(static_cast<Eigen::Index>(rewards.size()));
  for (size_t i = 0; i < rewards.size(); ++i) {
    const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), rewards[i]);
    const auto lower = static_cast<double>((first - sorted.begin()) + (last - sorted.begin())) / 2;
    logits[static_cast<Eigen::Index>(i)] =
        std::log(lower / (static_cast<double>(rewards.size()) - lower));
  }
  return logits;
}

Eigen::LLT<Eigen::MatrixXd> covariance(const Eigen::MatrixXd& differing, double rate,
                                       double noise) {
  Eigen::MatrixXd matrix = (-rate * differing.array()).exp();
  matrix.diagonal().array() += noise;
  return matrix.llt();
}

}  // namespace

/// The process's scale is fitted along with each kernel, which leaves -n/2 log(y' K^-1 y) - 1/2
/// log |K| of the log-likelihood.
RewardPredictor::Kernel RewardPredictor::likeliest(const Eigen::MatrixXd& differing,
                                                   const Eigen::VectorXd& target) {
  Kernel best;
  double most = -std::numeric_limits<double>::infinity();
  for (const double rate : kRates) {
    for (const double noise : kNoises) {
      const auto factor = covariance(differing, rate, noise);
      const double misfit = target.dot(factor.solve(target));
      const double half_log_volume = factor.matrixLLT().diagonal().array().log().sum();
      const double likelihood =
          -0.5 * static_cast<double>(target.size()) * std::log(misfit) - half_log_volume;
      if (!(likelihood > most)) continue;
      most = likelihood;
      best = {rate, noise};
    }
  }
  return best;
}

void RewardPredictor::fit(std::span<const Genotype> genotypes, std::span<const double> rewards) {
  genotypes_.assign(genotypes.begin(), genotypes.end());
  Eigen::VectorXd target = rank_logits(rewards);
  mean_ = target.mean();
  target.array() -= mean_;
  const Eigen::MatrixXd differing = differing_shares(genotypes);
  const auto judged = static_cast<Eigen::Index>(std::min(genotypes.size(), kJudged));
  kernel_ = likeliest(differing.bottomRightCorner(judged, judged), target.tail(judged));
  weights_ = covariance(differing, kernel_.rate, kernel_.noise).solve(target);
}

double RewardPredictor::predict(const Genotype& genotype) const {
  double sum = mean_;
  for (size_t i = 0; i < genotypes_.size(); ++i) {
    sum += weights_[static_cast<Eigen::Index>(i)] *
           std::exp(-kernel_.rate * differing_share(genotypes_[i], genotype));
  }
  return sum;
}

}  // namespace ridgeline
