#include "runtime/synchronised_batch_norm.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace ridgeline {
namespace {

/// Mean and biased variance over all ranks, [C] in double.
struct CommonStatistics {
  at::Tensor mean, variance;
};

at::Tensor per_channel(const at::Tensor& values) { return values.view({1, -1, 1, 1}); }

CommonStatistics common_statistics(const at::Tensor& x, double total_count, RankGroup& ranks) {
  const double own_count = static_cast<double>(x.numel()) / static_cast<double>(x.size(1));
  const auto [own_mean, own_variance] =
      at::batch_norm_update_stats(x, /*running_mean=*/{}, /*running_var=*/{}, /*momentum=*/0.0);
  const at::Tensor mean = own_mean.to(at::kDouble), variance = own_variance.to(at::kDouble);
  // Sums in double: sum of squares minus square of sums would cancel in float.
  at::Tensor sums = at::cat({mean * own_count, (variance + mean * mean) * own_count});
  ranks.sum(sums);
  const int64_t channels = x.size(1);
  const at::Tensor common = sums.narrow(0, 0, channels) / total_count;
  const at::Tensor squares = sums.narrow(0, channels, channels) / total_count;
  return {common, (squares - common * common).clamp_min(0.0)};
}

class Normalise : public torch::autograd::Function<Normalise> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& weight, const at::Tensor& bias,
                            const at::Tensor& mean, const at::Tensor& variance, double count,
                            double epsilon, RankGroup* ranks) {
    context->save_for_backward({x, weight, mean, variance});
    context->saved_data["count"] = count;
    context->saved_data["epsilon"] = epsilon;
    context->saved_data["ranks"] = reinterpret_cast<int64_t>(ranks);
    return at::batch_norm(x, weight, bias, mean, variance, /*training=*/false, /*momentum=*/0.0,
                          epsilon, /*cudnn_enabled=*/false);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &mean = saved[2], &variance = saved[3];
    const double count = context->saved_data["count"].toDouble();
    const double epsilon = context->saved_data["epsilon"].toDouble();
    auto* ranks = reinterpret_cast<RankGroup*>(context->saved_data["ranks"].toInt());
    const at::Tensor inverse = (variance + epsilon).rsqrt();
    // The inference gradient is the local part: dy * weight / sigma, sum of dy * xhat, sum of dy.
    // The CPU works it out from mean and variance; the channels-last kernels of CUDA demand mean
    // and inverse of the deviation as a forward pass would have saved them.
    const auto [direct, weight_gradient, bias_gradient] = at::native_batch_norm_backward(
        gradients[0].contiguous(x.suggest_memory_format()), x, weight, mean, variance,
        /*save_mean=*/mean, /*save_invstd=*/inverse, /*train=*/false, epsilon, {true, true, true});
    at::Tensor sums = at::cat({weight_gradient, bias_gradient});
    ranks->sum(sums);
    const int64_t channels = weight.size(0);
    // dx = weight / sigma * (dy - mean(dy) - xhat * mean(dy * xhat)), means over all ranks.
    const at::Tensor scale = weight * inverse / count;
    const at::Tensor shift = scale * sums.narrow(0, channels, channels);
    const at::Tensor slope = scale * inverse * sums.narrow(0, 0, channels);
    const at::Tensor input_gradient =
        (direct - per_channel(shift)).addcmul_(x - per_channel(mean), per_channel(slope), -1);
    return {input_gradient, weight_gradient, bias_gradient, {}, {}, {}, {}, {}};
  }
};

}  // namespace

at::Tensor synchronised_batch_norm(const at::Tensor& x, const BatchNormTensors& tensors,
                                   double momentum, double epsilon, double total_count,
                                   RankGroup& ranks) {
  // Statistics of 16-bit activations are taken, as everywhere, in float.
  const at::Tensor values = x.to(at::kFloat);
  CommonStatistics common;
  {
    const at::NoGradGuard no_gradients;
    common = common_statistics(values, total_count, ranks);
    const double unbiased = total_count / (total_count - 1);
    at::Tensor running_mean = tensors.running_mean, running_var = tensors.running_var;
    running_mean.lerp_(common.mean.to(at::kFloat), momentum);
    running_var.lerp_((common.variance * unbiased).to(at::kFloat), momentum);
  }
  return Normalise::apply(values, tensors.weight, tensors.bias, common.mean.to(at::kFloat),
                          common.variance.to(at::kFloat), total_count, epsilon, &ranks)
      .to(x.scalar_type());
}

}  // namespace ridgeline
