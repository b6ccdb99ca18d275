#include "benchmarks/gp_baseline.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "controller/mutation.h"
#include "core/error.h"

namespace ridgeline {
namespace {

constexpr size_t kRandom = 16;
constexpr int kCandidates = 200;
constexpr int kParents = 10;
constexpr Eigen::Index kJudged = 128;  // of the latest rewards, for l and the noise
constexpr double kRates[] = {0.5, 1, 2, 4, 8};
constexpr double kNoises[] = {0.001, 0.01, 0.1};

double differing_share(const Genotype& a, const Genotype& b) {
  int differing = 0;
  for (size_t d = 0; d < a.size(); ++d) differing += a[d] != b[d];
  return static_cast<double>(differing) / static_cast<double>(a.size());
}

Eigen::MatrixXd covariance(const Eigen::MatrixXd& apart, double rate, double noise) {
  Eigen::MatrixXd matrix = (-rate * apart.array()).exp();
  matrix.diagonal().array() += noise;
  return matrix;
}

class GpBaseline final : public Controller {
 public:
  explicit GpBaseline(const std::vector<Decision>& decisions) : decisions_(decisions) {}

  std::vector<Genotype> sample(int n, RandomStream& stream) override;

  UpdateStats update(std::span<const Observation> batch) override {
    for (const auto& observation : batch) {
      genotypes_.push_back(observation.genotype);
      rewards_.push_back(observation.reward);
      known_.insert(observation.genotype);
    }
    return {};
  }

  std::vector<double> log_probabilities(std::span<const Genotype> /*genotypes*/) override {
    unsupported();
  }
  std::string save() const override { unsupported(); }
  void restore(const std::string& /*bytes*/) override { unsupported(); }
  std::vector<std::vector<double>> marginals(int /*samples*/, RandomStream& /*stream*/) override {
    unsupported();
  }

 private:
  [[noreturn]] static void unsupported() {
    throw Error(ErrorKind::kInternal, "gp_ei: a baseline of the benchmark only proposes");
  }
  std::vector<Genotype> candidates(RandomStream& stream) const;
  Eigen::VectorXd expected_improvements(const std::vector<Genotype>& candidates) const;

  std::vector<Decision> decisions_;
  std::vector<Genotype> genotypes_;
  std::vector<double> rewards_;
  std::set<Genotype> known_;
};

std::vector<Genotype> GpBaseline::candidates(RandomStream& stream) const {
  std::vector<size_t> order(genotypes_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [this](size_t a, size_t b) { return rewards_[a] > rewards_[b]; });
  std::vector<Genotype> found;
  std::set<Genotype> taken = known_;
  // A further mutation where one is known already; random points where a space is used up.
  for (int i = 0; i < kCandidates; ++i) {
    Genotype genotype = genotypes_[order[static_cast<size_t>(stream.below(kParents))]];
    for (int step = 0; step < 20; ++step) {
      genotype = mutated(decisions_, genotype, stream);
      if (!taken.insert(genotype).second) continue;
      found.push_back(genotype);
      break;
    }
  }
  return found;
}

Eigen::VectorXd GpBaseline::expected_improvements(const std::vector<Genotype>& candidates) const {
  const auto n = static_cast<Eigen::Index>(genotypes_.size());
  const auto m = static_cast<Eigen::Index>(candidates.size());
  const auto at = [](Eigen::Index i) { return static_cast<size_t>(i); };
  Eigen::VectorXd y = Eigen::Map<const Eigen::VectorXd>(rewards_.data(), n);
  y.array() -= y.mean();
  y /= std::max(std::sqrt(y.squaredNorm() / static_cast<double>(n)), 1e-12);
  Eigen::MatrixXd apart(n, n), from(n, m);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j)
      apart(i, j) = differing_share(genotypes_[at(i)], genotypes_[at(j)]);
    for (Eigen::Index j = 0; j < m; ++j)
      from(i, j) = differing_share(genotypes_[at(i)], candidates[at(j)]);
  }
  const Eigen::Index judged = std::min(n, kJudged);
  const Eigen::MatrixXd latest = apart.bottomRightCorner(judged, judged);
  double most = -std::numeric_limits<double>::infinity();
  double rate = 1, noise = 0;
  for (const double tried : kRates) {
    for (const double with : kNoises) {
      const auto llt = covariance(latest, tried, with).llt();
      const Eigen::VectorXd target = y.tail(judged);
      const double likelihood =
          -0.5 * static_cast<double>(judged) * std::log(target.dot(llt.solve(target)) + 1e-12) -
          llt.matrixLLT().diagonal().array().log().sum();
      if (!(likelihood > most)) continue;
      most = likelihood;
      rate = tried;
      noise = with;
    }
  }
  const Eigen::LLT<Eigen::MatrixXd> factor(covariance(apart, rate, noise));
  const Eigen::VectorXd weights = factor.solve(y);
  const double scale = (y.dot(weights) + 1e-12) / static_cast<double>(n);
  const Eigen::MatrixXd shared = (-rate * from.array()).exp();
  const Eigen::MatrixXd half = factor.matrixL().solve(shared);
  const Eigen::VectorXd mean = shared.transpose() * weights;
  Eigen::VectorXd improvement(m);
  for (Eigen::Index j = 0; j < m; ++j) {
    const double sd = std::sqrt(scale * std::max(1 - half.col(j).squaredNorm(), 1e-10));
    const double z = (mean[j] - y.maxCoeff()) / sd;
    const double density = std::exp(-0.5 * z * z) / std::sqrt(2 * M_PI);
    improvement[j] = sd * (z * 0.5 * std::erfc(-z / std::sqrt(2.0)) + density);
  }
  return improvement;
}

std::vector<Genotype> GpBaseline::sample(int n, RandomStream& stream) {
  std::vector<Genotype> chosen;
  if (genotypes_.size() >= kRandom) {
    const auto drawn = candidates(stream);
    if (!drawn.empty()) {
      const Eigen::VectorXd improvement = expected_improvements(drawn);
      std::vector<size_t> order(drawn.size());
      std::iota(order.begin(), order.end(), size_t{0});
      std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
        return improvement[static_cast<Eigen::Index>(a)] >
               improvement[static_cast<Eigen::Index>(b)];
      });
      order.resize(std::min(order.size(), static_cast<size_t>(n)));
      for (const size_t i : order) chosen.push_back(drawn[i]);
    }
  }
  while (chosen.size() < static_cast<size_t>(n))
    chosen.push_back(random_genotype(decisions_, stream));
  return chosen;
}

}  // namespace

std::unique_ptr<Controller> make_gp_baseline(const std::vector<Decision>& decisions) {
  return std::make_unique<GpBaseline>(decisions);
}

}  // namespace ridgeline
