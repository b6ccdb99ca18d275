#include "controller/policy/lstm_sequence.h"

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
    const at::Tensor gates = input_gates.clone(at::MemoryFormat::Contiguous);
    const at::Tensor states = at::empty({3, steps, batch, weight_hh.size(1)}, gates.options());
    const at::Tensor cell = states[0], cell_tanh = states[1], output = states[2];
    const at::Tensor recurrent = weight_hh.t().contiguous();
    for (int64_t t = 0; t < steps; ++t) {
      if (t > 0) gates[t].addmm_(output[t - 1], recurrent);
      lstm_step(gates[t], t > 0 ? cell[t - 1] : at::Tensor(), cell[t], cell_tanh[t], output[t]);
    }
    context->save_for_backward({gates, cell, cell_tanh, output, weight_hh});
    return output;
  }

  // With d for the loss's slopes: do = dh tanh(c), dc += dh o (1 - tanh(c)^2), di = dc g,
  // df = dc c_before, dg = dc i, dc_before = dc f; each gate's times the slope of its own function.
  static variable_list backward(AutogradContext* context, variable_list by_outputs) {
    const at::AutoDispatchBelowADInplaceOrView no_graph;
    const auto saved = context->get_saved_variables();
    const at::Tensor &gates = saved[0], &cell = saved[1], &cell_tanh = saved[2], &output = saved[3],
                     &weight_hh = saved[4];
    const int64_t steps = gates.size(0), batch = gates.size(1), hidden = weight_hh.size(1);
    const auto gate = gates.view({steps, batch, 4, hidden}).unbind(2);  // i, f, g, o
    const at::Tensor cell_before = at::zeros_like(cell);
    cell_before.narrow(0, 1, steps - 1).copy_(cell.narrow(0, 0, steps - 1));

    // The factors that no later step changes, of all steps at once.
    const at::Tensor factors = at::empty({steps, batch, 4, hidden}, gates.options());
    auto factor = factors.unbind(2);
    at::sigmoid_backward_out(factor[0], gate[2], gate[0]);
    at::sigmoid_backward_out(factor[1], cell_before, gate[1]);
    at::tanh_backward_out(factor[2], gate[0], gate[2]);
    at::sigmoid_backward_out(factor[3], cell_tanh, gate[3]);
    const at::Tensor cell_by_output = at::tanh_backward(gate[3], cell_tanh);

    const at::Tensor by_gates = at::empty_like(factors);
    at::Tensor by_output = by_outputs[0][steps - 1].clone(at::MemoryFormat::Contiguous);
    at::Tensor by_cell = at::zeros_like(by_output);
    for (int64_t t = steps - 1; t >= 0; --t) {
      by_cell.addcmul_(by_output, cell_by_output[t]);
      at::Tensor by_ifg = by_gates[t].narrow(1, 0, 3), by_o = by_gates[t].select(1, 3);
      at::mul_out(by_ifg, factors[t].narrow(1, 0, 3), by_cell.unsqueeze(1));
      at::mul_out(by_o, factor[3][t], by_output);
      by_cell.mul_(gate[1][t]);
      if (t > 0) at::addmm_out(by_output, by_outputs[0][t - 1], by_gates[t].flatten(1), weight_hh);
    }
    const at::Tensor later = by_gates.narrow(0, 1, steps - 1).flatten(2).flatten(0, 1);
    const at::Tensor earlier = output.narrow(0, 0, steps - 1).flatten(0, 1);
    return {by_gates.flatten(2), at::mm(later.t(), earlier)};
  }
};

}  // namespace

void lstm_step(const at::Tensor& gates, const at::Tensor& cell_before, at::Tensor cell,
               at::Tensor cell_tanh, at::Tensor output) {
  const auto gate = gates.chunk(4, 1);
  gates.narrow(1, 0, 2 * cell.size(1)).sigmoid_();
  gate[2].tanh_();
  gate[3].sigmoid_();
  at::mul_out(cell, gate[0], gate[2]);
  if (cell_before.defined()) cell.addcmul_(gate[1], cell_before);
  at::tanh_out(cell_tanh, cell);
  at::mul_out(output, gate[3], cell_tanh);
}

at::Tensor lstm_sequence(const at::Tensor& input_gates, const at::Tensor& weight_hh) {
  return LstmSequence::apply(input_gates, weight_hh);
}

}  // namespace ridgeline
