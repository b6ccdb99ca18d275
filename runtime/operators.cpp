#include "runtime/operators.h"

#include <ATen/ATen.h>

#include <limits>

namespace ridgeline {
namespace {

template <class Windowed>
WindowPadding padding_of(const Windowed& op, const Shape& in) {
  const auto axes = window_axes(op);
  const ResolvedPadding h = resolve_padding(axes[0], in.height);
  const ResolvedPadding w = resolve_padding(axes[1], in.width);
  if (h.before == h.after && w.before == w.after) return {{h.before, w.before}, {}};
  return {{0, 0}, {w.before, w.after, h.before, h.after}};
}

/// Copies into another order lose channels-last; convolutions need it back.
at::Tensor like_layout(const at::Tensor& y, const at::Tensor& x) {
  return y.contiguous(x.suggest_memory_format());
}

}  // namespace

WindowPadding window_padding(const Conv2d& conv, const Shape& in) { return padding_of(conv, in); }
WindowPadding window_padding(const Pool& pool, const Shape& in) { return padding_of(pool, in); }

at::Tensor space_to_batch(const at::Tensor& x, int n) {
  const int64_t pad_h = (n - x.size(2) % n) % n, pad_w = (n - x.size(3) % n) % n;
  const at::Tensor y = pad_h || pad_w ? at::constant_pad_nd(x, {0, pad_w, 0, pad_h}) : x;
  const int64_t batch = y.size(0), c = y.size(1), h = y.size(2) / n, w = y.size(3) / n;
  // [N, C, h, n, w, n] -> [n, n, N, C, h, w]: TensorFlow's order of the blocks.
  return like_layout(y.reshape({batch, c, h, n, w, n})
                         .permute({3, 5, 0, 1, 2, 4})
                         .reshape({n * n * batch, c, h, w}),
                     x);
}

at::Tensor batch_to_space(const at::Tensor& x, const BatchToSpace& op) {
  const int64_t n = op.block, batch = x.size(0) / (n * n), c = x.size(1), h = x.size(2),
                w = x.size(3);
  return like_layout(x.reshape({n, n, batch, c, h, w})
                         .permute({2, 3, 4, 0, 5, 1})
                         .reshape({batch, c, h * n, w * n})
                         .slice(2, 0, op.height)
                         .slice(3, 0, op.width),
                     x);
}

at::Tensor activate(ActivationKind kind, const at::Tensor& x) {
  switch (kind) {
    case ActivationKind::kIdentity:
      return x;
    case ActivationKind::kRelu:
      return at::relu(x);
    case ActivationKind::kSwish:
      return at::silu(x);
    case ActivationKind::kSigmoid:
      return at::sigmoid(x);
    case ActivationKind::kRelu6:
      return at::hardtanh(x, 0, 6);
    case ActivationKind::kHardSwish:
      return at::hardswish(x);
    case ActivationKind::kHardSigmoid:
      return at::hardsigmoid(x);
  }
  return x;
}

at::Tensor pool(const Pool& p, const WindowPadding& padding, const at::Tensor& x) {
  const auto& [symmetric, explicit_pad] = padding;
  const std::vector<int64_t> kernel{p.kernel, p.kernel}, stride{p.stride, p.stride};
  if (p.kind == Pool::Kind::kMax) {
    if (explicit_pad.empty()) return at::max_pool2d(x, kernel, stride, symmetric, 1, p.ceil_mode);
    const at::Tensor padded =
        at::constant_pad_nd(x, explicit_pad, -std::numeric_limits<double>::infinity());
    return at::max_pool2d(padded, kernel, stride);
  }
  if (explicit_pad.empty()) {
    return at::avg_pool2d(x, kernel, stride, symmetric, p.ceil_mode, p.count_padding);
  }
  const at::Tensor sums = at::avg_pool2d(at::constant_pad_nd(x, explicit_pad), kernel, stride);
  if (p.count_padding) return sums;
  const at::Tensor ones = at::ones({1, 1, x.size(2), x.size(3)}, x.options());
  return sums / at::avg_pool2d(at::constant_pad_nd(ones, explicit_pad), kernel, stride);
}

}  // namespace ridgeline
