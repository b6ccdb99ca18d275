#include "runtime/kernels/depthwise.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "runtime/kernels/depthwise_loops.h"

namespace ridgeline::kernels {
namespace {

constexpr auto kLayout = at::MemoryFormat::ChannelsLast;
constexpr int64_t kChannelsPerTask = 16;

/// [C, 1, KH, KW] -> [KH * KW, C]
at::Tensor by_window(const at::Tensor& weight) {
  return weight.reshape({weight.size(0), -1}).t().contiguous();
}

DepthwiseShape shape_of(const at::Tensor& x, const at::Tensor& weight, int64_t stride,
                        const ImagePadding& padding) {
  DepthwiseShape shape{.channels = x.size(1),
                       .height = x.size(2),
                       .width = x.size(3),
                       .kernel_h = weight.size(2),
                       .kernel_w = weight.size(3),
                       .stride = stride,
                       .pad_top = padding.top,
                       .pad_left = padding.left};
  shape.out_height = (shape.height + padding.top + padding.bottom - shape.kernel_h) / stride + 1;
  shape.out_width = (shape.width + padding.left + padding.right - shape.kernel_w) / stride + 1;
  return shape;
}

at::Tensor channels_last(const at::Tensor& x) { return x.contiguous(kLayout); }

class Depthwise : public torch::autograd::Function<Depthwise> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& weight, int64_t stride, const ImagePadding& padding) {
    const at::Tensor image = channels_last(x), taps = by_window(weight);
    const DepthwiseShape shape = shape_of(x, weight, stride, padding);
    at::Tensor y = at::empty({x.size(0), shape.channels, shape.out_height, shape.out_width},
                             x.options().memory_format(kLayout));
    at::parallel_for(0, x.size(0), 1, [&](int64_t first, int64_t last) {
      depthwise_forward(shape, image.data_ptr<float>(), taps.data_ptr<float>(), y.data_ptr<float>(),
                        first, last);
    });
    context->save_for_backward({image, weight});
    context->saved_data["stride"] = stride;
    context->saved_data["padding"] =
        std::vector<int64_t>{padding.top, padding.bottom, padding.left, padding.right};
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const auto padding = context->saved_data["padding"].toIntVector();
    const DepthwiseShape shape = shape_of(x, weight, context->saved_data["stride"].toInt(),
                                          {padding[0], padding[1], padding[2], padding[3]});
    const at::Tensor dy = channels_last(gradients[0]), taps = by_window(weight);
    torch::autograd::variable_list results(4);
    if (context->needs_input_grad(0)) {
      results[0] = at::empty(x.sizes(), x.options().memory_format(kLayout));
      at::parallel_for(0, x.size(0), 1, [&](int64_t first, int64_t last) {
        depthwise_input_gradient(shape, dy.data_ptr<float>(), taps.data_ptr<float>(),
                                 results[0].data_ptr<float>(), first, last);
      });
    }
    if (context->needs_input_grad(1)) {
      const at::Tensor dw = at::empty_like(taps);
      const int64_t tasks = (shape.channels + kChannelsPerTask - 1) / kChannelsPerTask;
      at::parallel_for(0, tasks, 1, [&](int64_t first, int64_t last) {
        depthwise_weight_gradient(shape, x.size(0), x.data_ptr<float>(), dy.data_ptr<float>(),
                                  dw.data_ptr<float>(), first * kChannelsPerTask,
                                  std::min(last * kChannelsPerTask, shape.channels));
      });
      results[1] = dw.t().reshape(weight.sizes()).clone(weight.suggest_memory_format());
    }
    return results;
  }
};

}  // namespace

bool takes_depthwise(const at::Tensor& x, const at::Tensor& weight, int64_t groups) {
  return x.device().is_cpu() && x.scalar_type() == at::kFloat &&
         weight.scalar_type() == at::kFloat && groups == x.size(1) && groups == weight.size(0) &&
         weight.size(2) * weight.size(3) <= kLargestWindow;
}

at::Tensor depthwise_convolution(const at::Tensor& x, const at::Tensor& weight, int64_t stride,
                                 const ImagePadding& padding) {
  return Depthwise::apply(x, weight, stride, padding);
}

}  // namespace ridgeline::kernels
