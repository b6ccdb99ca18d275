#pragma once

#include <ATen/core/Tensor.h>

namespace ridgeline {

/// One step of an LSTM layer: c = f c_before + i g, h = o tanh(c). Replaces what the gates
/// [batch, 4 hidden] (i, f, g, o) are given by their values, and writes `cell`, `cell_tanh` and
/// `output` [batch, hidden]. An undefined `cell_before` is 0. No part of an autograd graph.
void lstm_step(const at::Tensor& gates, const at::Tensor& cell_before, at::Tensor cell,
               at::Tensor cell_tanh, at::Tensor output);

/// The outputs [steps, batch, hidden] of an LSTM layer with torch's equations and order of gates,
/// whose state is 0 at first. input_gates [steps, batch, 4 hidden] is the part of the inputs and
/// biases in the gates, weight_hh [4 hidden, hidden] that of the output before. Differentiable by
/// both, once: what torch::nn::LSTM and autograd compute, as one node of the graph instead of
/// twenty per step.
at::Tensor lstm_sequence(const at::Tensor& input_gates, const at::Tensor& weight_hh);

}  // namespace ridgeline
