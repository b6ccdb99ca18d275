#include "controller/gaussian_process.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>

namespace ridgeline {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// The priors: two genotypes that differ in every decision have a correlation near exp(-2), noise is
// a twentieth of the variance, and either may well be off by e (rates) or e^1.5 (noise).
constexpr double kRate = 2, kRateSpread = 1;
constexpr double kNoise = 0.05, kNoiseSpread = 1.5;
/// Rates are found on so many genotypes at most: the better half of them the best.
constexpr size_t kJudged = 128;
/// Steps of the search for the rates: a fit is to cost milliseconds.
constexpr int kSteps = 8;
constexpr double kSmallestVariance = 1e-10;  // variance left to what is known exactly

/// More than two choices, all numbers, in order.
bool is_ordered(const Decision& decision) {
  if (decision.choices() < 3) return false;
  std::vector<double> values;
  for (const auto& label : decision.labels) {
    char* end = nullptr;
    values.push_back(std::strtod(label.c_str(), &end));
    if (label.empty() || *end != '\0' || !std::isfinite(values.back())) return false;
  }
  const auto strictly = [&](auto less) {
    return std::adjacent_find(values.begin(), values.end(),
                              [&](double a, double b) { return !less(a, b); }) == values.end();
  };
  return strictly(std::less<>()) || strictly(std::greater<>());
}

/// The share of the whole range of choices that lies between a and b.
double apart(int a, int b, int choices) {
  if (a == b) return 0;
  if (a == kInactive || b == kInactive) return 1;
  return static_cast<double>(std::abs(a - b)) / (choices - 1);
}

/// Where a pair of choices stands in a table of `choices` + 1 rows; the first is for kInactive.
size_t pair_at(int a, int b, int choices) {
  const int index = (a + 1) * (choices + 1) + b + 1;
  return static_cast<size_t>(index);
}

/// Of more than kJudged, the best of one half and the latest others of the other, in order.
std::vector<size_t> judged(const VectorXd& targets) {
  std::vector<size_t> order(static_cast<size_t>(targets.size()));
  std::iota(order.begin(), order.end(), size_t{0});
  if (order.size() <= kJudged) return order;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return targets[static_cast<Index>(a)] > targets[static_cast<Index>(b)];
  });
  const auto half = order.begin() + kJudged / 2;
  std::sort(half, order.end(), std::greater<>());
  order.resize(kJudged);
  std::sort(order.begin(), order.end());
  return order;
}

}  // namespace

GaussianProcess::GaussianProcess(const std::vector<Decision>& decisions) {
  const auto count = static_cast<double>(decisions.size());
  std::vector<double> prior;
  for (const auto& decision : decisions) {
    choices_.push_back(decision.choices());
    ordered_.push_back(is_ordered(decision));
    const double rate = std::log(kRate / count);
    // An ordered decision has half of its rate from each of the two.
    prior.push_back(ordered_.back() ? rate - std::log(2.0) : rate);
    if (ordered_.back()) prior.push_back(prior.back());
  }
  prior.push_back(std::log(kNoise));
  prior_ = Eigen::Map<const VectorXd>(prior.data(), static_cast<Index>(prior.size()));
}

void GaussianProcess::set(const Parameters& parameters) {
  falls_.clear();
  Index next = 0;
  for (size_t d = 0; d < choices_.size(); ++d) {
    const int choices = choices_[d];
    const double differ = std::exp(parameters[next++]);
    const double further = ordered_[d] ? std::exp(parameters[next++]) : 0;
    std::vector<double> falls(static_cast<size_t>((choices + 1) * (choices + 1)));
    for (int a = kInactive; a < choices; ++a) {
      for (int b = kInactive; b < choices; ++b) {
        if (a != b) falls[pair_at(a, b, choices)] = differ + further * apart(a, b, choices);
      }
    }
    falls_.push_back(std::move(falls));
  }
  noise_ = std::exp(parameters[next]);
}

double GaussianProcess::correlation(const Genotype& a, const Genotype& b) const {
  double fall = 0;
  for (size_t d = 0; d < a.size(); ++d) fall += falls_[d][pair_at(a[d], b[d], choices_[d])];
  return std::exp(-fall);
}

MatrixXd GaussianProcess::correlations(std::span<const Genotype> genotypes) const {
  const auto n = static_cast<Index>(genotypes.size());
  MatrixXd matrix(n, n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j <= i; ++j) {
      matrix(i, j) = matrix(j, i) =
          correlation(genotypes[static_cast<size_t>(i)], genotypes[static_cast<size_t>(j)]);
    }
  }
  return matrix;
}

/// -log of (marginal likelihood x priors) up to a constant, and its slope. With the process's
/// variance s at its likeliest value y' K^-1 y / n, that is n/2 log s + 1/2 log |K|, whose slope by
/// a parameter is -1/2 trace((w w' / s - K^-1) dK) with w = K^-1 y (Rasmussen and Williams 2006,
/// Equation 5.9).
double GaussianProcess::misfit(std::span<const Genotype> genotypes, const VectorXd& targets,
                               const Parameters& parameters, Parameters& slope) {
  set(parameters);
  const auto n = static_cast<Index>(genotypes.size());
  const MatrixXd correlation = correlations(genotypes);
  MatrixXd covariance = correlation;
  covariance.diagonal().array() += noise_;
  const Eigen::LLT<MatrixXd> llt(covariance);
  const VectorXd w = llt.solve(targets);
  const double variance = targets.dot(w) / static_cast<double>(n);
  MatrixXd pull = w * w.transpose() / variance - llt.solve(MatrixXd::Identity(n, n));
  slope.setZero(parameters.size());
  slope[slope.size() - 1] = -0.5 * noise_ * pull.trace();
  pull = pull.cwiseProduct(correlation);
  Index next = 0;
  for (size_t d = 0; d < choices_.size(); ++d) {
    double differ = 0, further = 0;  // pairs stand twice in the trace, hence no 1/2
    for (Index j = 0; j < n; ++j) {
      const int b = genotypes[static_cast<size_t>(j)][d];
      for (Index i = j + 1; i < n; ++i) {
        const int a = genotypes[static_cast<size_t>(i)][d];
        if (a == b) continue;
        differ += pull(i, j);
        if (ordered_[d]) further += pull(i, j) * apart(a, b, choices_[d]);
      }
    }
    slope[next] = std::exp(parameters[next]) * differ;
    ++next;
    if (!ordered_[d]) continue;
    slope[next] = std::exp(parameters[next]) * further;
    ++next;
  }
  const VectorXd off = parameters - prior_;
  VectorXd tightness = VectorXd::Constant(off.size(), 1 / (kRateSpread * kRateSpread));
  tightness[off.size() - 1] = 1 / (kNoiseSpread * kNoiseSpread);
  slope.array() += off.array() * tightness.array();
  return 0.5 * static_cast<double>(n) * std::log(variance) +
         llt.matrixLLT().diagonal().array().log().sum() +
         0.5 * (off.array().square() * tightness.array()).sum();
}

/// From the priors' means, by resilient propagation (Riedmiller and Braun 1993, iRprop-): steps by
/// the slopes' signs, which need no step size of the problem's.
GaussianProcess::Parameters GaussianProcess::likeliest(std::span<const Genotype> genotypes,
                                                       const VectorXd& targets) {
  Parameters now = prior_, best = prior_, slope;
  VectorXd last = VectorXd::Zero(now.size());
  VectorXd step = VectorXd::Constant(now.size(), 0.3);
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kSteps; ++i) {
    const double value = misfit(genotypes, targets, now, slope);
    if (value < least) {
      least = value;
      best = now;
    }
    for (Index k = 0; k < now.size(); ++k) {
      const double agreement = slope[k] * last[k];
      if (agreement > 0) step[k] = std::min(1.3 * step[k], 1.0);
      if (agreement < 0) {
        step[k] *= 0.5;
        slope[k] = 0;
      }
      if (slope[k] != 0) now[k] -= std::copysign(step[k], slope[k]);
    }
    last = slope;
  }
  return best;
}

void GaussianProcess::fit(std::span<const Genotype> genotypes, const VectorXd& targets) {
  genotypes_.assign(genotypes.begin(), genotypes.end());
  mean_ = targets.mean();
  residuals_ = targets.array() - mean_;
  const bool all_equal = residuals_.squaredNorm() < kSmallestVariance;
  if (all_equal) {
    set(prior_);
  } else {
    std::vector<Genotype> few;
    std::vector<double> their;
    for (const size_t i : judged(targets)) {
      few.push_back(genotypes_[i]);
      their.push_back(residuals_[static_cast<Index>(i)]);
    }
    set(likeliest(few, Eigen::Map<const VectorXd>(their.data(), static_cast<Index>(their.size()))));
  }
  MatrixXd covariance = correlations(genotypes_);
  covariance.diagonal().array() += noise_;
  const Eigen::LLT<MatrixXd> llt(covariance);
  factor_ = llt.matrixL();
  weights_ = llt.solve(residuals_);
  scale_ = std::max(residuals_.dot(weights_) / static_cast<double>(genotypes_.size()),
                    kSmallestVariance);
}

VectorXd GaussianProcess::means() const { return (residuals_ - noise_ * weights_).array() + mean_; }

Candidates::Candidates(const GaussianProcess& process, std::vector<Genotype> genotypes)
    : process_(process), genotypes_(std::move(genotypes)) {
  const auto n = static_cast<Index>(process.genotypes_.size());
  const auto m = static_cast<Index>(genotypes_.size());
  half_.resize(n, m);
  for (Index j = 0; j < m; ++j) {
    for (Index i = 0; i < n; ++i) {
      half_(i, j) = process.correlation(process.genotypes_[static_cast<size_t>(i)],
                                        genotypes_[static_cast<size_t>(j)]);
    }
  }
  rows_ = n;
  means_ = (half_.transpose() * process.weights_).array() + process.mean_;
  process.factor_.triangularView<Eigen::Lower>().solveInPlace(half_);
  variances_ = (1 - half_.colwise().squaredNorm().transpose().array()).max(kSmallestVariance);
}

double Candidates::deviation(size_t i) const {
  return std::sqrt(process_.scale_ * variances_[index(i)]);
}

// One more row of the Cholesky factor, and of its product with the correlations.
void Candidates::believe(size_t i) {
  const auto m = static_cast<Index>(genotypes_.size());
  if (rows_ == half_.rows()) half_.conservativeResize(rows_ + rows_ / 4 + 8, Eigen::NoChange);
  const VectorXd of_i = half_.col(index(i)).head(rows_);
  VectorXd row = -(half_.topRows(rows_).transpose() * of_i);
  for (Index j = 0; j < m; ++j)
    row[j] += process_.correlation(genotypes_[i], genotypes_[static_cast<size_t>(j)]);
  row /= std::sqrt(variances_[index(i)] + process_.noise());
  half_.row(rows_++) = row.transpose();
  variances_ = (variances_.array() - row.array().square()).max(kSmallestVariance);
}

}  // namespace ridgeline
