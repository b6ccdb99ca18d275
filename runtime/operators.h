#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "network/network.h"

namespace ridgeline {

// Operators of a `Network` that LibTorch has not as they are. x: [N, C, H, W].

/// The padding of a window for one input size.
struct WindowPadding {
  std::vector<int64_t> symmetric;     // {height, width}, given to the operator
  std::vector<int64_t> explicit_pad;  // {left, right, top, bottom} by a pad of its own, or empty
};

WindowPadding window_padding(const Conv2d& conv, const Shape& in);
WindowPadding window_padding(const Pool& pool, const Shape& in);

at::Tensor activate(ActivationKind kind, const at::Tensor& x);
at::Tensor pool(const Pool& p, const WindowPadding& padding, const at::Tensor& x);
/// Both keep the layout of x.
at::Tensor space_to_batch(const at::Tensor& x, int block);
at::Tensor batch_to_space(const at::Tensor& x, const BatchToSpace& op);

}  // namespace ridgeline
