#pragma once

#include <ATen/core/Tensor.h>

namespace ridgeline {

/// One step of an LSTM layer, as views into buffers: c = f c_before + i g, h = o tanh(c).
struct LstmStep {
  /// gates [batch, 4 hidden]: i, f, g, o; cell, cell_tanh and output [batch, hidden].
  LstmStep(const at::Tensor& gates, const at::Tensor& cell, const at::Tensor& cell_tanh,
           const at::Tensor& output);
  /// Replaces what the gates are given by their values, and sets the others. `cell_before` may be
  /// `cell` itself; undefined: 0.
  void run(const at::Tensor& cell_before);

  at::Tensor gates, input_and_forget, input, forget, candidate, output_gate;
  at::Tensor cell, cell_tanh, output;
};

/// The outputs [steps, batch, hidden] of an LSTM layer with torch's equations and order of gates,
/// whose state is 0 at first. input_gates [steps, batch, 4 hidden] is the part of the inputs and
/// biases in the gates, weight_hh [4 hidden, hidden] that of the output before. Differentiable by
/// both: what torch::nn::LSTM and autograd compute, as one node of the graph instead of twenty per
/// step.
at::Tensor lstm_sequence(const at::Tensor& input_gates, const at::Tensor& weight_hh);

}  // namespace ridgeline
