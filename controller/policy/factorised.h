#pragma once

#include "controller/policy/policy.h"

namespace ridgeline {

/// TuNAS's policy (Bender et al. 2020): one logit per choice of each decision, no network. All
/// logits start at 0, so that the first proposals are uniform.
class FactorisedPolicy final : public Policy {
 public:
  FactorisedPolicy(const PolicyConfig& config, const std::vector<Decision>& decisions);

  PolicySamples sample(std::span<const double> uniforms,
                       std::span<const Genotype> kept) const override;
  std::string sizes() const override;

 private:
  std::vector<at::Tensor> log_probabilities(std::span<const Genotype> genotypes) const override;

  std::vector<at::Tensor> logits_;  // per group, [members, choices]
};

}  // namespace ridgeline
