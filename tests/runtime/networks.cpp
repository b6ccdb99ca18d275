#include "tests/runtime/networks.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <limits>

#include "runtime/network_module.h"

namespace ridgeline::test {

at::Tensor noise(const std::vector<int64_t>& sizes, uint64_t seed) {
  return at::randn(sizes, at::detail::createCPUGenerator(seed));
}

Network single(const Operator& op, const Shape& input) {
  NetworkBuilder builder("single", input);
  builder.add("node", op, {0});
  return std::move(builder).build();
}

at::Tensor infer(const Network& network, const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  NetworkModule module(network, 1);
  module->eval();
  const Shape& out = network.output_shape();
  return module->forward(x).reshape({x.size(0) * out.batch, out.channels, out.height, out.width});
}

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && at::equal(a, b);
}

double difference(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
  const double largest = (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
  return std::isfinite(largest) ? largest : std::numeric_limits<double>::infinity();
}

Architecture small_architecture() {
  Architecture a;
  a.name = "small";
  a.resolution = 32;
  a.classes = 5;
  a.stem = {.filters = 8};
  Stage base;
  base.filters = 8;
  base.expansion = 3;
  base.layers = 2;
  a.stages = {base, base, base, base};
  a.stages[0].reshape = Reshape::kSpaceToDepth;
  a.stages[1].op = BlockOperator::kFusedMbConv;
  a.stages[1].stride = 2;
  a.stages[1].activation = ActivationKind::kRelu;
  a.stages[2].filters = 12;
  a.stages[2].stride = 2;
  a.stages[2].kernel = 5;
  a.stages[3].filters = 12;
  a.stages[3].reshape = Reshape::kSpaceToBatch;
  a.head = {.filters = 24, .dropout = 0.3};
  return a;
}

}  // namespace ridgeline::test
