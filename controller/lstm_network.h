#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "controller/config.h"
#include "controller/lstm_kernels.h"
#include "search_space/decision.h"

namespace ridgeline {

/// What `LstmNetwork` keeps of the steps of some samples: of all steps for a backward pass, of two
/// otherwise. Its memory is used again by the next samples.
class LstmPass {
 public:
  /// Step d uses slot d modulo `slots`.
  void begin(size_t rows, size_t slots, size_t layers, size_t hidden);

  size_t rows() const { return rows_; }
  size_t slots() const { return slots_; }
  /// [rows, padded(4 hidden)]; the next step's rows follow where all steps are kept.
  Rows<float> gates(size_t layer, size_t step);
  /// [rows, padded(hidden)], likewise.
  Rows<float> output(size_t layer, size_t step) { return units(0, layer, step); }
  LstmCell cell(size_t layer, size_t step);

 private:
  Rows<float> units(size_t kind, size_t layer, size_t step);

  size_t rows_ = 0, slots_ = 0, layers_ = 0, hidden_ = 0;
  std::vector<float> gates_;  // [layers, slots, rows, padded(4 hidden)]
  std::vector<float> units_;  // [output, cell, its tanh][layers, slots, rows, padded(hidden)]
  std::vector<float> zeros_;  // [rows, padded(hidden)] the cell before the first step
};

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

  void begin(LstmPass& pass, size_t rows, bool keep_all_steps) const;
  /// Feeds one token per row to step `d`, after step d - 1, and sets its logits [rows, choices].
  void step(size_t d, std::span<const size_t> tokens, LstmPass& pass, float* logits);
  /// Adds the loss's gradient to `gradient`, in the order of `weights`. The pass, which is used up,
  /// kept all steps; tokens [steps, rows] are what it was fed; slopes [steps, rows, logit_stride]
  /// are the loss's at the logits, 0 behind the choices.
  void backward(LstmPass& pass, std::span<const size_t> tokens, std::span<float> slopes,
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
  void backward_in_time(LstmPass& pass, std::span<float> slopes);
  void add_head_gradients(LstmPass& pass, std::span<float> slopes, std::span<float> gradient) const;
  void add_layer_gradients(LstmPass& pass, std::span<const size_t> tokens,
                           std::span<float> gradient) const;
  void add_token_gradients(LstmPass& pass, std::span<const size_t> tokens,
                           std::span<float> gradient) const;

  std::vector<Decision> decisions_;
  size_t hidden_, embedding_;
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
  std::vector<float> input_gates_;  // [fed, padded(4 hidden)] of the first layer, biases included
};

}  // namespace ridgeline
