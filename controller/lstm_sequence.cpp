#include "controller/lstm_sequence.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

namespace ridgeline {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class LstmSequence : public torch::autograd::Function<LstmSequence> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input_gates,
                            const at::Tensor& weight_hh) {
    const at::AutoDispatchBelowADInplaceOrView no_graph;
    const int64_t steps = input_gates.size(0), batch = input_gates.size(1);
    const at::Tensor gates = input_gates.clone();
    const at::Tensor states = at::empty({3, steps, batch, weight_hh.size(1)}, gates.options());
    const at::Tensor cell = states[0], cell_tanh = states[1], output = states[2];
    const at::Tensor weight = weight_hh.t().contiguous();
    at::Tensor cell_before, output_before;
    for (int64_t t = 0; t < steps; ++t) {
      LstmStep step(gates[t], cell[t], cell_tanh[t], output[t]);
      if (t > 0) step.gates.addmm_(output_before, weight);
      step.run(cell_before);
      cell_before = step.cell;
      output_before = step.output;
    }
    context->save_for_backward({gates, cell, cell_tanh, output, weight_hh});
    return output;
  }

  // With d the loss's slopes: do = dh tanh(c), dc += dh o (1 - tanh(c)^2), di = dc g, dg = dc i, df
  // = dc c_before, dc_before = dc f, each gate's times the slope of its own function.
  static variable_list backward(AutogradContext* context, variable_list by_outputs) {
    const at::AutoDispatchBelowADInplaceOrView no_graph;
    const auto saved = context->get_saved_variables();
    const at::Tensor &gates = saved[0], &cell = saved[1], &cell_tanh = saved[2], &output = saved[3],
                     &weight_hh = saved[4];
    const int64_t steps = gates.size(0), batch = gates.size(1), hidden = weight_hh.size(1);
    const auto gate = gates.chunk(4, 2);  // i, f, g, o
    const at::Tensor cell_before = at::zeros_like(cell);
    if (steps > 1) cell_before.narrow(0, 1, steps - 1).copy_(cell.narrow(0, 0, steps - 1));

    // The factors that no later step changes, of all steps at once.
    const at::Tensor factors = at::empty_like(gates);
    const auto factor = factors.chunk(4, 2);
    factor[0].copy_(at::sigmoid_backward(gate[2], gate[0]));
    factor[1].copy_(at::sigmoid_backward(cell_before, gate[1]));
    factor[2].copy_(at::tanh_backward(gate[0], gate[2]));
    factor[3].copy_(at::sigmoid_backward(cell_tanh, gate[3]));
    const at::Tensor cell_by_output = at::tanh_backward(gate[3], cell_tanh);

    at::Tensor by_gates = at::empty_like(gates);
    at::Tensor by_output = by_outputs[0][steps - 1].clone();
    at::Tensor by_cell = at::zeros_like(by_output);
    for (int64_t t = steps - 1; t >= 0; --t) {
      by_cell.addcmul_(by_output, cell_by_output[t]);
      at::Tensor first_three = by_gates[t].narrow(1, 0, 3 * hidden).view({batch, 3, hidden});
      at::Tensor last = by_gates[t].narrow(1, 3 * hidden, hidden);
      at::mul_out(first_three, factors[t].narrow(1, 0, 3 * hidden).view({batch, 3, hidden}),
                  by_cell.unsqueeze(1));
      at::mul_out(last, factor[3][t], by_output);
      by_cell.mul_(gate[1][t]);
      if (t > 0) at::addmm_out(by_output, by_outputs[0][t - 1], by_gates[t], weight_hh);
    }
    at::Tensor by_weight = at::zeros_like(weight_hh);
    if (steps > 1) {
      const at::Tensor later = by_gates.narrow(0, 1, steps - 1).reshape({-1, 4 * hidden});
      const at::Tensor earlier = output.narrow(0, 0, steps - 1).reshape({-1, hidden});
      at::mm_out(by_weight, later.t(), earlier);
    }
    return {by_gates, by_weight};
  }
};

}  // namespace

LstmStep::LstmStep(const at::Tensor& all_gates, const at::Tensor& cells,
                   const at::Tensor& cell_tanhs, const at::Tensor& outputs)
    : gates(all_gates), cell(cells), cell_tanh(cell_tanhs), output(outputs) {
  const int64_t hidden = cell.size(1);
  input_and_forget = gates.narrow(1, 0, 2 * hidden);
  input = gates.narrow(1, 0, hidden);
  forget = gates.narrow(1, hidden, hidden);
  candidate = gates.narrow(1, 2 * hidden, hidden);
  output_gate = gates.narrow(1, 3 * hidden, hidden);
}

void LstmStep::run(const at::Tensor& cell_before) {
  input_and_forget.sigmoid_();
  candidate.tanh_();
  output_gate.sigmoid_();
  if (cell_before.defined()) {
    at::mul_out(cell, forget, cell_before);
    cell.addcmul_(input, candidate);
  } else {
    at::mul_out(cell, input, candidate);
  }
  at::tanh_out(cell_tanh, cell);
  at::mul_out(output, output_gate, cell_tanh);
}

at::Tensor lstm_sequence(const at::Tensor& input_gates, const at::Tensor& weight_hh) {
  return LstmSequence::apply(input_gates, weight_hh);
}

}  // namespace ridgeline
