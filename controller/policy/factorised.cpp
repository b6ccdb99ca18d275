#include "controller/policy/factorised.h"

#include <ATen/ATen.h>

#include "controller/policy/pick.h"

namespace ridgeline {

FactorisedPolicy::FactorisedPolicy(const PolicyConfig& config,
                                   const std::vector<Decision>& decisions)
    : Policy(config, decisions) {
  for (const auto& group : groups()) {
    const auto members = static_cast<int64_t>(group.decisions.size());
    logits_.push_back(register_parameter("logits" + std::to_string(group.choices),
                                         at::zeros({members, group.choices})));
  }
}

std::string FactorisedPolicy::sizes() const {
  int64_t logits = 0;
  for (const auto& group : logits_) logits += group.numel();
  return std::to_string(logits) + " logits";
}

std::vector<at::Tensor> FactorisedPolicy::log_probabilities(
    std::span<const Genotype> genotypes) const {
  const auto batch = static_cast<int64_t>(genotypes.size());
  std::vector<at::Tensor> log_p;
  for (const auto& logits : logits_)
    log_p.push_back(log_softmax(logits).unsqueeze(1).expand({-1, batch, -1}));
  return log_p;
}

PolicySamples FactorisedPolicy::sample(std::span<const double> uniforms,
                                       std::span<const Genotype> kept) const {
  const c10::InferenceMode no_gradients;
  const size_t steps = decisions().size();
  const size_t count = uniforms.size() / steps;
  std::vector<at::Tensor> tables;
  std::vector<std::span<const float>> log_p(steps);  // per decision, of its choices
  for (size_t g = 0; g < groups().size(); ++g) {
    const Group& group = groups()[g];
    tables.push_back(log_softmax(logits_[g]));
    const float* row = tables.back().data_ptr<float>();
    for (const int64_t d : group.decisions) {
      log_p[static_cast<size_t>(d)] = {row, static_cast<size_t>(group.choices)};
      row += group.choices;
    }
  }
  PolicySamples samples{std::vector<Genotype>(count, Genotype(steps, kInactive)),
                        std::vector<double>(count, 0.0)};
  for (size_t i = 0; i < count; ++i) {
    Genotype& genotype = samples.genotypes[i];
    for (size_t d = 0; d < steps; ++d) {
      if (!is_active(decisions()[d], genotype)) continue;
      const bool keep = !kept.empty() && kept[i][d] >= 0;
      genotype[d] = keep ? kept[i][d] : pick(log_p[d], uniforms[i * steps + d]);
      samples.log_prob[i] += log_p[d][static_cast<size_t>(genotype[d])];
    }
  }
  return samples;
}

}  // namespace ridgeline
