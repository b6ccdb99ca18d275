#include "controller/factorised.h"

#include <algorithm>
#include <cmath>

#include "controller/pick.h"

namespace ridgeline {
namespace {

class FactorisedPolicy final : public PolicyModel {
 public:
  FactorisedPolicy(const ControllerConfig& config, const std::vector<Decision>& decisions)
      : decisions_(decisions),
        temperature_(config.temperature),
        tanh_constant_(config.tanh_constant) {
    size_t choices = 0;
    for (const auto& decision : decisions_) {
      first_.push_back(choices);
      choices += static_cast<size_t>(decision.choices());
    }
    weights_.assign(choices, 0.0f);
  }

  std::span<float> weights() override {
    known_ = false;
    return weights_;
  }
  PolicySamples sample(std::span<const double> uniforms,
                       std::span<const Genotype> kept) const override;
  PolicyScores score(std::span<const Genotype> genotypes) const override;
  PolicyScores gradient(std::span<const Genotype> genotypes,
                        const std::function<LossSlopes(const PolicyScores&)>& slopes_of,
                        std::span<float> gradient) const override;
  std::vector<std::vector<double>> marginals(std::span<const Genotype> genotypes) const override;
  std::string sizes() const override { return std::to_string(weights_.size()) + " logits"; }

 private:
  /// Per decision those of its choices.
  const std::vector<std::vector<double>>& log_probabilities() const;
  void set_log_probabilities(size_t decision) const;
  /// d(logit after tanh and temperature) / d(weight).
  double slope_of_logit(size_t weight) const;

  std::vector<Decision> decisions_;
  double temperature_;
  double tanh_constant_;
  std::vector<size_t> first_;  // per decision, the weight of its first choice
  std::vector<float> weights_;
  mutable std::vector<std::vector<double>> log_p_;  // of weights_, where known_
  mutable bool known_ = false;
};

void FactorisedPolicy::set_log_probabilities(size_t decision) const {
  std::vector<double>& logits = log_p_[decision];
  logits.clear();
  const auto choices = static_cast<size_t>(decisions_[decision].choices());
  for (size_t k = 0; k < choices; ++k) {
    const double z = weights_[first_[decision] + k] / temperature_;
    logits.push_back(tanh_constant_ > 0 ? tanh_constant_ * std::tanh(z) : z);
  }
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const double logit : logits) sum += std::exp(logit - largest);
  for (double& logit : logits) logit -= largest + std::log(sum);
}

const std::vector<std::vector<double>>& FactorisedPolicy::log_probabilities() const {
  if (!known_) {
    log_p_.resize(decisions_.size());
    for (size_t d = 0; d < decisions_.size(); ++d) set_log_probabilities(d);
    known_ = true;
  }
  return log_p_;
}

double FactorisedPolicy::slope_of_logit(size_t weight) const {
  if (tanh_constant_ <= 0) return 1 / temperature_;
  const double t = std::tanh(weights_[weight] / temperature_);
  return tanh_constant_ * (1 - t * t) / temperature_;
}

PolicySamples FactorisedPolicy::sample(std::span<const double> uniforms,
                                       std::span<const Genotype> kept) const {
  const auto& log_p = log_probabilities();
  const size_t n = uniforms.size() / decisions_.size();
  PolicySamples samples{std::vector<Genotype>(n, Genotype(decisions_.size(), kInactive)),
                        std::vector<double>(n, 0.0)};
  for (size_t i = 0; i < n; ++i) {
    Genotype& genotype = samples.genotypes[i];
    for (size_t d = 0; d < decisions_.size(); ++d) {
      if (!is_active(decisions_[d], genotype)) continue;
      const bool keep = !kept.empty() && kept[i][d] >= 0;
      genotype[d] = keep ? kept[i][d] : pick(log_p[d], uniforms[i * decisions_.size() + d]);
      samples.log_prob[i] += log_p[d][static_cast<size_t>(genotype[d])];
    }
  }
  return samples;
}

PolicyScores FactorisedPolicy::score(std::span<const Genotype> genotypes) const {
  const auto& log_p = log_probabilities();
  PolicyScores scores;
  for (const auto& genotype : genotypes) {
    double log_prob = 0;
    double entropy = 0;
    for (size_t d = 0; d < decisions_.size(); ++d) {
      if (genotype[d] == kInactive) continue;
      log_prob += log_p[d][static_cast<size_t>(genotype[d])];
      for (const double l : log_p[d]) entropy -= std::exp(l) * l;
    }
    scores.log_prob.push_back(log_prob);
    scores.entropy.push_back(entropy);
  }
  return scores;
}

// With p the softmax of the logits z: d(log p_chosen)/dz_k = [k chosen] - p_k and, with H the
// entropy of the decision, dH/dz_k = -p_k (log p_k + H).
PolicyScores FactorisedPolicy::gradient(
    std::span<const Genotype> genotypes,
    const std::function<LossSlopes(const PolicyScores&)>& slopes_of,
    std::span<float> gradient) const {
  PolicyScores scores = score(genotypes);
  const LossSlopes slopes = slopes_of(scores);
  const auto& log_p = log_probabilities();
  std::vector<double> by_logit(weights_.size(), 0.0);
  for (size_t d = 0; d < decisions_.size(); ++d) {
    double entropy = 0;
    for (const double l : log_p[d]) entropy -= std::exp(l) * l;
    for (size_t i = 0; i < genotypes.size(); ++i) {
      if (genotypes[i][d] == kInactive) continue;
      for (size_t k = 0; k < log_p[d].size(); ++k) {
        const double p = std::exp(log_p[d][k]);
        const double chosen = genotypes[i][d] == static_cast<int>(k) ? 1 : 0;
        by_logit[first_[d] + k] +=
            slopes.log_prob[i] * (chosen - p) - slopes.entropy[i] * p * (log_p[d][k] + entropy);
      }
    }
  }
  for (size_t w = 0; w < weights_.size(); ++w) {
    gradient[w] = static_cast<float>(by_logit[w] * slope_of_logit(w));
  }
  return scores;
}

std::vector<std::vector<double>> FactorisedPolicy::marginals(
    std::span<const Genotype> genotypes) const {
  std::vector<std::vector<double>> rows = log_probabilities();
  for (size_t d = 0; d < decisions_.size(); ++d) {
    double active = 0;
    for (const auto& genotype : genotypes) active += genotype[d] == kInactive ? 0 : 1;
    active /= static_cast<double>(genotypes.size());
    for (double& p : rows[d]) p = active * std::exp(p);
  }
  return rows;
}

}  // namespace

std::unique_ptr<PolicyModel> make_factorised_policy(const ControllerConfig& config,
                                                    const std::vector<Decision>& decisions) {
  return std::make_unique<FactorisedPolicy>(config, decisions);
}

}  // namespace ridgeline
