#pragma once

#include <torch/nn/module.h>

#include <algorithm>
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

/// Differentiable by the policy's parameters where gradients are enabled.
struct PolicyScores {
  at::Tensor log_prob;  ///< [batch] double, nats, summed over each sample's active decisions
  at::Tensor entropy;   ///< [batch] double, nats, summed likewise
};

/// In a genotype that a sample is to keep: decide this one anew.
inline constexpr int kFree = -2;

/// A distribution over genotypes, with parameters to be learned. Decisions with equally many
/// choices form a group, which is computed at once. An inactive decision counts neither in
/// log-probability nor in entropy. What is computed of a sample depends, in its last bits, on how
/// many others are computed with it. Genotypes given to a policy must be of its space.
class Policy : public torch::nn::Module {
 public:
  Policy(const PolicyConfig& config, const std::vector<Decision>& decisions);

  /// One genotype per row of `uniforms` [n, decisions]; inactive decisions leave theirs unused.
  /// Where row i of `kept` (as many rows, or none) is a choice, sample i makes it if it can.
  virtual PolicySamples sample(std::span<const double> uniforms,
                               std::span<const Genotype> kept = {}) const = 0;
  /// At least one genotype; memory grows with their number, so take `kChunk` at a time.
  PolicyScores score(std::span<const Genotype> genotypes) const;
  /// Rows as `Controller::marginals` describes, averaged over `genotypes`.
  std::vector<std::vector<double>> marginals(std::span<const Genotype> genotypes) const;
  /// What fixes the shapes of the parameters, for messages.
  virtual std::string sizes() const = 0;

  static constexpr size_t kChunk = 128;
  static std::span<const Genotype> chunk(std::span<const Genotype> genotypes, size_t first) {
    return genotypes.subspan(first, std::min(kChunk, genotypes.size() - first));
  }

 protected:
  struct Group {
    int64_t choices = 0;
    std::vector<int64_t> decisions;  ///< the members
    at::Tensor rows;                 ///< the same as an index tensor
  };

  /// Per group, log-probabilities [members, batch, choices] at each decision of `genotypes`, given
  /// the choices before it.
  virtual std::vector<at::Tensor> log_probabilities(std::span<const Genotype> genotypes) const = 0;
  /// Of logits z: those of c tanh(z / temperature), of z / temperature for c = 0 (ENAS).
  at::Tensor log_softmax(at::Tensor logits) const;

  const std::vector<Decision>& decisions() const { return decisions_; }
  const std::vector<Group>& groups() const { return groups_; }  ///< fewest choices first

 private:
  std::vector<Decision> decisions_;
  double temperature_, tanh_constant_;
  std::vector<Group> groups_;
};

/// The configured policy; its first parameters depend on `seed` alone.
std::shared_ptr<Policy> make_policy(const PolicyConfig& config,
                                    const std::vector<Decision>& decisions, uint64_t seed);

}  // namespace ridgeline
