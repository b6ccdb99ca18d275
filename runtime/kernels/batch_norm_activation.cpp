#include "runtime/kernels/batch_norm_activation.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

namespace ridgeline::kernels {
namespace {

constexpr auto kLayout = at::MemoryFormat::ChannelsLast;
/// Rows whose sums are kept in float; the sums of such blocks are added in double, in their order,
/// so that the threads do not matter.
constexpr int64_t kBlockRows = 512;

int64_t rows_of(const at::Tensor& x) { return x.numel() / x.size(1); }

/// Calls `work(block, first row, rows)` for all blocks of rows.
template <class Work>
void for_each_block(int64_t rows, const Work& work) {
  const int64_t blocks = (rows + kBlockRows - 1) / kBlockRows;
  at::parallel_for(0, blocks, 1, [&](int64_t first, int64_t last) {
    for (int64_t block = first; block < last; ++block) {
      const int64_t begin = block * kBlockRows;
      work(block, begin, std::min(kBlockRows, rows - begin));
    }
  });
}

/// [blocks, 2, C]: of each block two sums. Their total, [2, C] in double.
struct BlockSums {
  BlockSums(int64_t rows, int64_t channels)
      : values(at::zeros({(rows + kBlockRows - 1) / kBlockRows, 2, channels})) {}
  float* first(int64_t block) { return values.data_ptr<float>() + block * 2 * values.size(2); }
  float* second(int64_t block) { return first(block) + values.size(2); }
  at::Tensor total() const { return values.to(at::kDouble).sum(0); }
  at::Tensor values;
};

struct ScaleOffset {
  at::Tensor scale, offset;  // y = x * scale + offset
};
ScaleOffset affine(const BatchNormTensors& t, const at::Tensor& mean, const at::Tensor& variance,
                   double epsilon) {
  const at::Tensor scale = t.weight.to(at::kDouble) / (variance + epsilon).sqrt();
  return {scale.to(at::kFloat), (t.bias - mean * scale).to(at::kFloat)};
}

at::Tensor apply_affine(const at::Tensor& x, const ScaleOffset& a, FusedActivation activation) {
  at::Tensor y = at::empty_like(x);
  const int64_t channels = x.size(1);
  for_each_block(rows_of(x), [&](int64_t, int64_t begin, int64_t rows) {
    scale_and_activate(x.data_ptr<float>() + begin * channels, a.scale.data_ptr<float>(),
                       a.offset.data_ptr<float>(), rows, channels, activation,
                       y.data_ptr<float>() + begin * channels);
  });
  return y;
}

class BatchNormActivation : public torch::autograd::Function<BatchNormActivation> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input,
                            const at::Tensor& weight, const at::Tensor& bias,
                            const at::Tensor& running_mean, const at::Tensor& running_var,
                            double momentum, double epsilon, int64_t activation) {
    const at::Tensor x = input.contiguous(kLayout);
    const int64_t channels = x.size(1), rows = rows_of(x);
    // Sums about the first pixel: squares of large values would cancel.
    const at::Tensor shift = x.select(0, 0).select(1, 0).select(1, 0).contiguous();
    BlockSums sums(rows, channels);
    for_each_block(rows, [&](int64_t block, int64_t begin, int64_t count) {
      add_sums(x.data_ptr<float>() + begin * channels, shift.data_ptr<float>(), count, channels,
               sums.first(block), sums.second(block));
    });
    const at::Tensor means = sums.total() / static_cast<double>(rows);
    const at::Tensor mean = means[0] + shift;
    const at::Tensor variance = (means[1] - means[0] * means[0]).clamp_min_(0);
    const double unbiased = static_cast<double>(rows) / static_cast<double>(rows - 1);
    running_mean.mul_(1 - momentum).add_(mean, momentum);
    running_var.mul_(1 - momentum).add_(variance, momentum * unbiased);
    const ScaleOffset a =
        affine({weight, bias, running_mean, running_var}, mean, variance, epsilon);
    context->save_for_backward(
        {x, weight, a.scale, a.offset, mean.to(at::kFloat), (variance + epsilon).rsqrt()});
    context->saved_data["activation"] = activation;
    return apply_affine(x, a, static_cast<FusedActivation>(activation));
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &scale = saved[2], &offset = saved[3], &mean = saved[4],
                     &inverse = saved[5];
    const auto activation = static_cast<FusedActivation>(context->saved_data["activation"].toInt());
    const at::Tensor dy = gradients[0].contiguous(kLayout);
    const int64_t channels = x.size(1), rows = rows_of(x);
    at::Tensor g = at::empty_like(x);
    BlockSums sums(rows, channels);
    for_each_block(rows, [&](int64_t block, int64_t begin, int64_t count) {
      const int64_t at = begin * channels;
      activation_gradient(x.data_ptr<float>() + at, dy.data_ptr<float>() + at,
                          scale.data_ptr<float>(), offset.data_ptr<float>(), mean.data_ptr<float>(),
                          count, channels, activation, g.data_ptr<float>() + at, sums.first(block),
                          sums.second(block));
    });
    const at::Tensor totals = sums.total(), share = totals / static_cast<double>(rows);
    const at::Tensor shift = share[0].to(at::kFloat);
    const at::Tensor slope = (share[1] * inverse * inverse).to(at::kFloat);
    for_each_block(rows, [&](int64_t, int64_t begin, int64_t count) {
      const int64_t at = begin * channels;
      batch_norm_gradient(x.data_ptr<float>() + at, mean.data_ptr<float>(), scale.data_ptr<float>(),
                          shift.data_ptr<float>(), slope.data_ptr<float>(), count, channels,
                          g.data_ptr<float>() + at);
    });
    torch::autograd::variable_list results(8);
    results[0] = g;
    results[1] = (totals[1] * inverse).to(at::kFloat);
    results[2] = totals[0].to(at::kFloat);
    return results;
  }
};

}  // namespace

bool takes_batch_norm(const at::Tensor& x) {
  return x.device().is_cpu() && x.scalar_type() == at::kFloat && x.dim() == 4 &&
         x.numel() > x.size(1);
}

at::Tensor batch_norm_activation(const at::Tensor& x, const BatchNormTensors& tensors,
                                 double momentum, double epsilon, FusedActivation activation) {
  return BatchNormActivation::apply(x, tensors.weight, tensors.bias, tensors.running_mean,
                                    tensors.running_var, momentum, epsilon,
                                    static_cast<int64_t>(activation));
}

at::Tensor scored_batch_norm_activation(const at::Tensor& x, const BatchNormTensors& tensors,
                                        double epsilon, FusedActivation activation) {
  const at::Tensor mean = tensors.running_mean.to(at::kDouble);
  return apply_affine(x.contiguous(kLayout),
                      affine(tensors, mean, tensors.running_var.to(at::kDouble), epsilon),
                      activation);
}

}  // namespace ridgeline::kernels
