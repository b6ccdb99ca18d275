#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "network/network.h"
#include "search_space/architecture.h"

namespace ridgeline::test {

/// Normal noise from a generator of its own.
at::Tensor noise(const std::vector<int64_t>& sizes, uint64_t seed);

/// A network of one operator named "node".
Network single(const Operator& op, const Shape& input);

/// The network's output on `x` in inference, in its full shape [N * batch, C, H, W].
at::Tensor infer(const Network& network, const at::Tensor& x);

/// Whether both have one shape and the same bits.
bool same_bits(const at::Tensor& a, const at::Tensor& b);

/// The largest absolute difference; infinite where shapes differ or a value is no number.
double difference(const at::Tensor& a, const at::Tensor& b);

/// A few stages with every kind of block, about 20 thousand parameters at 32 px.
Architecture small_architecture();

}  // namespace ridgeline::test
