#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "controller/config.h"
#include "search_space/decision.h"

namespace ridgeline {

struct PolicySamples {
  std::vector<Genotype> genotypes;
  std::vector<double> log_prob;  ///< per sample, nats, over its active decisions
};

struct PolicyScores {
  std::vector<double> log_prob;  ///< [batch] summed over each sample's active decisions
  std::vector<double> entropy;   ///< [batch] nats, summed likewise
};

/// In a genotype that a sample is to keep: decide this one anew.
inline constexpr int kFree = -2;

/// The derivatives of a loss by each sample's log-probability and entropy.
struct LossSlopes {
  std::vector<double> log_prob, entropy;  ///< [batch]
};

/// A distribution over genotypes with weights that can be learned. Inactive decisions count neither
/// in log-probability nor in entropy. Genotypes given to it must be of its space.
class PolicyModel {
 public:
  virtual ~PolicyModel() = default;
  /// All weights as one vector. What is written there takes effect if it is before the next call of
  /// another function.
  virtual std::span<float> weights() = 0;
  /// One genotype per row of `uniforms` [n, decisions]; inactive decisions leave theirs unused.
  /// Where row i of `kept` (as many rows, or none) is a choice, sample i makes it if it can.
  virtual PolicySamples sample(std::span<const double> uniforms,
                               std::span<const Genotype> kept = {}) const = 0;
  virtual PolicyScores score(std::span<const Genotype> genotypes) const = 0;
  /// Scores `genotypes`, asks `slopes_of` for the slopes of the loss there, and sets `gradient` to
  /// the loss's gradient by the weights.
  virtual PolicyScores gradient(std::span<const Genotype> genotypes,
                                const std::function<LossSlopes(const PolicyScores&)>& slopes_of,
                                std::span<float> gradient) const = 0;
  /// Rows as `Controller::marginals` describes, averaged over `genotypes`.
  virtual std::vector<std::vector<double>> marginals(std::span<const Genotype> genotypes) const = 0;
  /// What fixes the number and meaning of the weights, for messages.
  virtual std::string sizes() const = 0;
};

/// The configured policy with its first weights drawn from a stream of `seed` alone.
std::unique_ptr<PolicyModel> make_policy_model(const ControllerConfig& config,
                                               const std::vector<Decision>& decisions,
                                               uint64_t seed);

}  // namespace ridgeline
