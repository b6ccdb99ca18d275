#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <span>
#include <vector>

#include "controller/config.h"
#include "search_space/decision.h"

namespace ridgeline::test {

struct PolicyScore {
  at::Tensor log_prob;  ///< [batch] double, summed over each sample's active decisions
  at::Tensor entropy;   ///< [batch] double, nats, summed likewise
};

/// What `LstmPolicy` computes, by LibTorch and its autograd. The recurrent policy of Zoph & Le 2017
/// and NASNet. Step d feeds the embedding of the choice made at decision d - 1 (a start token at
/// first) to an LSTM; a linear head, shared by all decisions with equally many choices, turns its
/// output into logits z, and c tanh(z / temperature) (without tanh for c = 0, as in ENAS) into
/// log-probabilities. A decision that earlier choices make inactive feeds its own inactive token
/// and adds nothing to log-probability and entropy.
class PolicyImpl : public torch::nn::Module {
 public:
  /// Every weight and bias is drawn uniform in +-init_range from a stream of `seed` alone.
  PolicyImpl(const ControllerConfig& config, const std::vector<Decision>& decisions, uint64_t seed);

  /// Scores recorded genotypes in one pass over the sequence, differentiable where gradients are
  /// enabled. REQUIRES: genotypes of this space, at least one.
  PolicyScore score(std::span<const Genotype> genotypes) const;

  /// Rows as `Controller::marginals` describes, averaged over `genotypes`.
  std::vector<std::vector<double>> marginals(std::span<const Genotype> genotypes) const;

 private:
  struct LstmLayer {
    at::Tensor weight_ih, weight_hh;  // [4 hidden, inputs], [4 hidden, hidden]; gates i, f, g, o
    at::Tensor bias_ih, bias_hh;      // [4 hidden]
  };
  struct Head {
    int choices = 0;
    std::vector<int64_t> decisions;  // those with so many choices
    at::Tensor rows;                 // the same as an index tensor
    at::Tensor weight, bias;         // [choices, hidden], [choices]
  };
  struct Batch {
    at::Tensor tokens;   // [decisions, batch] the input of each step
    at::Tensor choices;  // [decisions, batch] 0 where inactive
    at::Tensor active;   // [decisions, batch] 1 or 0
  };
  void register_lstm(const ControllerConfig& config);
  void register_heads(const ControllerConfig& config);
  void draw_weights(double range, uint64_t seed);

  int64_t token(size_t decision, int choice) const;
  Batch encode(std::span<const Genotype> genotypes) const;
  at::Tensor states(const Batch& batch) const;  // [decisions, batch, hidden]
  at::Tensor log_probabilities(const Head& head, const at::Tensor& states) const;  // [..., choices]

  std::vector<Decision> decisions_;
  double temperature_;
  double tanh_constant_;
  int64_t hidden_;
  std::vector<int64_t> first_token_;  // per decision; its inactive token follows its choices
  at::Tensor embedding_;              // [tokens, embedding]
  std::vector<LstmLayer> layers_;
  std::vector<Head> heads_;
};
TORCH_MODULE(Policy);

/// REINFORCE with an entropy bonus: -mean(log_prob x advantage) - entropy_weight x mean(entropy).
/// advantage: [batch] double.
at::Tensor reinforce_loss(const PolicyScore& score, const at::Tensor& advantage,
                          double entropy_weight);

}  // namespace ridgeline::test
