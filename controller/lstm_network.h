#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "controller/config.h"
#include "controller/lstm_kernels.h"
#include "controller/lstm_states.h"
#include "search_space/decision.h"

namespace ridgeline {

/// The recurrent network of Zoph & Le 2017 and NASNet. Step d feeds the embedding of the choice
/// made at decision d - 1 (a start token at first; an inactive decision has its own token) to an
/// LSTM with torch's equations and gate order; a linear head, shared by all decisions with equally
/// many choices, turns its output into logits. The product of the first layer with an embedding is
/// made once per token after each change of the weights. Not to be used by two threads at a time.
class LstmNetwork {
 public:
  /// Every weight and bias is drawn uniform in +-init_range from a stream of `seed` alone.
  LstmNetwork(const ControllerConfig& config, const std::vector<Decision>& decisions,
              uint64_t seed);

  /// embedding [tokens, embedding]; per layer weight_ih [4 hidden, inputs], weight_hh [4 hidden,
  /// hidden], bias_ih, bias_hh; per head, fewest choices first, weight [choices, hidden], bias. May
  /// be written until the next call of another function.
  std::span<float> weights();

  static constexpr size_t kStart = 0;
  size_t token(size_t decision, int choice) const;
  /// Floats from one row of logits to the next.
  size_t logit_stride() const { return logit_stride_; }

  LstmStates states() const { return LstmStates(layers_.size(), hidden_); }
  /// Step `d` for one row per token: each follows a state of step d - 1 (`before`, unread at the
  /// first step) and is fed its token. Appends a state for each to `states`, sets its logits [rows,
  /// logit_stride], and returns the number of the first.
  size_t advance(size_t d, std::span<const size_t> before, std::span<const size_t> tokens,
                 LstmStates& states, float* logits);
  /// Adds the loss's gradient to `gradient`, in the order of `weights`, which must be those that
  /// the states were computed with. slopes [entries of the path, logit_stride] are the loss's at
  /// the logits, 0 behind the choices.
  void backward(LstmStates& states, const LstmPath& path, std::span<float> slopes,
                std::span<float> gradient);

 private:
  struct Layer {
    size_t inputs = 0;
    size_t weight_ih = 0, weight_hh = 0, bias_ih = 0, bias_hh = 0;  // places in weights_
    Panels ih, hh, ih_back, hh_back;  // the weights transposed, and as they are
    std::vector<float> bias;          // [padded(4 hidden)] both
  };
  struct Head {
    size_t choices = 0;
    size_t weight = 0, bias = 0;  // places in weights_
    Panels forward, back;
  };

  void lay_out(const ControllerConfig& config);
  void prepare();
  void gather(LstmStates& states, const LstmPath& path);
  void backward_in_time(LstmStates& states, const LstmPath& path, std::span<float> slopes);
  void step_back(size_t l, size_t d, LstmStates& states, const LstmPath& path);
  void add_head_gradients(const LstmPath& path, std::span<float> slopes, std::span<float> gradient);
  void add_layer_gradients(const LstmPath& path, std::span<float> gradient);
  void add_token_gradients(const LstmPath& path, std::span<float> gradient);
  void add_outer(Rows<const float> left, size_t left_width, Rows<const float> right,
                 size_t right_width, float* gradient);

  std::vector<Decision> decisions_;
  size_t hidden_, embedding_;
  std::vector<float> zeros_;         // [padded(hidden)] the cell before the first step
  std::vector<size_t> first_token_;  // per decision; its inactive token follows its choices
  std::vector<size_t> fed_;          // tokens that some genotype feeds
  std::vector<size_t> fed_row_;      // per token, its place in fed_
  std::vector<Layer> layers_;
  std::vector<Head> heads_;
  std::vector<size_t> head_of_;  // per decision
  size_t logit_stride_ = 0;
  std::vector<float> weights_;
  bool prepared_ = false;          // what follows, and the layers' and heads' panels, is up to date
  std::vector<float> embeddings_;  // [fed, padded(embedding)]
  std::vector<float> input_gates_;    // [fed, padded(4 hidden)] of the first layer, biases included
  std::vector<float> output_before_;  // [rows, padded(hidden)] while advancing
  LstmWorkspace work_;                // of `backward`
};

}  // namespace ridgeline
