#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "network/network.h"

namespace ridgeline {

/// One parameter of a node: "weight" or "bias".
struct ParameterShape {
  std::string name;
  std::vector<int64_t> shape;
};
/// The parameters that node `index` has, in the order in which their values are drawn.
std::vector<ParameterShape> parameter_shapes(const Network& network, int index);
/// The values with which one of them starts.
at::Tensor initial_parameter(const Network& network, int index, const ParameterShape& parameter,
                             at::Generator& generator);

}  // namespace ridgeline
