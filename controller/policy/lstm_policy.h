#pragma once

#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/rnn.h>

#include "controller/policy/policy.h"

namespace ridgeline {

/// The recurrent policy of Zoph & Le 2017 and NASNet. Step d feeds the embedding of the choice made
/// at decision d - 1 (a start token at first; a decision that is inactive has its own) to an LSTM;
/// a linear head, shared by all decisions with equally many choices, turns its output into logits.
/// Every parameter is drawn uniform in +-init_range from a stream of `seed` alone.
class LstmPolicy final : public Policy {
 public:
  LstmPolicy(const PolicyConfig& config, const std::vector<Decision>& decisions, uint64_t seed);

  PolicySamples sample(std::span<const double> uniforms,
                       std::span<const Genotype> kept) const override;
  std::string sizes() const override;

  /// [decisions, batch]: what each step is fed.
  at::Tensor tokens(std::span<const Genotype> genotypes) const;
  /// Outputs of the last layer [decisions, batch, hidden]: `lstm` over `embedding` of the tokens.
  at::Tensor outputs(const at::Tensor& tokens) const;

  torch::nn::Embedding embedding = nullptr;  ///< [tokens, embedding]
  torch::nn::LSTM lstm = nullptr;
  std::vector<torch::nn::Linear> heads;  ///< fewest choices first

 private:
  struct Layer {
    at::Tensor weight_ih, weight_hh, bias_ih, bias_hh;  // parameters of `lstm`
    /// The part of `inputs` [..., inputs] and of the biases in the gates [..., 4 hidden].
    at::Tensor input_gates(const at::Tensor& inputs) const;
  };
  class Walk;

  std::vector<at::Tensor> log_probabilities(std::span<const Genotype> genotypes) const override;
  int64_t token(size_t decision, int choice) const;
  void draw_parameters(double range, uint64_t seed);

  std::vector<int64_t> first_token_;  // per decision; that of being inactive, if any, is last
  std::vector<size_t> group_of_;      // per decision
  std::vector<Layer> layers_;
};

}  // namespace ridgeline
