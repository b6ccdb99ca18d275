#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

#include "runtime/network_module.h"
#include "tests/catch.h"
#include "tests/runtime/networks.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

at::Tensor weight(uint64_t seed, const std::string& name) {
  return NetworkModule(lower(small_architecture()), seed)->named_parameters()[name].detach();
}

/// One training-mode forward of ones.
at::Tensor masked(const Operator& op, uint64_t seed, const Shape& shape, int64_t images) {
  NetworkModule module(single(op, shape), 1);
  module->reseed(seed);
  module->train();
  return module->forward(at::ones({images, shape.channels, shape.height, shape.width}))
      .reshape({images, shape.channels, shape.height, shape.width});
}

}  // namespace

TEST_CASE("equal seeds give equal weights, other seeds others") {
  for (const std::string name :
       {"stem.conv.weight", "stage2.block0.fused.conv.weight", "classifier.weight"}) {
    CHECK(same_bits(weight(1, name), weight(1, name)));
    CHECK_FALSE(same_bits(weight(1, name), weight(2, name)));
  }
}

TEST_CASE("weights start with the spread of the official code") {
  const NetworkModule module(lower([] {
                               Architecture a = small_architecture();
                               a.stem.filters = 64;
                               a.head.filters = 512;
                               a.classes = 100;
                               return a;
                             }()),
                             1);
  const auto spread = [&](const std::string& name) {
    return module->named_parameters()[name].detach().std().item<double>();
  };
  CHECK(spread("stem.conv.weight") == Approx(std::sqrt(2.0 / (9 * 64))).epsilon(0.1));
  CHECK(spread("head.conv.weight") == Approx(std::sqrt(2.0 / 512)).epsilon(0.1));
  // Depthwise: the fan-out is the kernel alone.
  CHECK(spread("stage3.block1.depthwise.conv.weight") == Approx(std::sqrt(2.0 / 25)).epsilon(0.15));
  const at::Tensor classifier = module->named_parameters()["classifier.weight"].detach();
  CHECK(classifier.abs().max().item<double>() <= 0.1);  // 1 / sqrt(100), uniform
  CHECK(classifier.std().item<double>() == Approx(0.1 / std::sqrt(3.0)).epsilon(0.05));
  CHECK(module->named_parameters()["classifier.bias"].abs().max().item<double>() == 0);
}

TEST_CASE("dropout zeroes single values and keeps the mean") {
  const at::Tensor y = masked(Dropout{0.25}, 5, {50, 8, 8}, 10);
  const at::Tensor dropped = y == 0;
  CHECK(dropped.to(at::kDouble).mean().item<double>() == Approx(0.25).margin(0.02));
  CHECK(difference(y.masked_select(~dropped),
                   at::full({y.numel() - dropped.sum().item<int64_t>()}, 1 / 0.75)) < 1e-6);
  CHECK(y.mean().item<double>() == Approx(1).margin(0.03));
}

TEST_CASE("drop-connect drops whole images and keeps the mean") {
  const at::Tensor y = masked(DropConnect{0.4}, 5, {2, 3, 3}, 4000);
  const at::Tensor first = y.flatten(1).select(1, 0).reshape({4000, 1, 1, 1});
  CHECK(same_bits(y, first.expand_as(y).contiguous()));
  CHECK((first == 0).to(at::kDouble).mean().item<double>() == Approx(0.4).margin(0.04));
  CHECK(y.max().item<double>() == Approx(1 / 0.6));
  CHECK(y.mean().item<double>() == Approx(1).margin(0.07));
}

TEST_CASE("equal seeds drop the same, other seeds and later calls drop other things") {
  for (const Operator& op : {Operator(Dropout{0.5}), Operator(DropConnect{0.5})}) {
    const Shape shape{4, 3, 3};
    CHECK(same_bits(masked(op, 1, shape, 64), masked(op, 1, shape, 64)));
    CHECK_FALSE(same_bits(masked(op, 1, shape, 64), masked(op, 2, shape, 64)));
    NetworkModule module(single(op, shape), 1);
    module->train();
    const at::Tensor ones = at::ones({64, 4, 3, 3});
    const at::Tensor first = module->forward(ones);
    CHECK_FALSE(same_bits(module->forward(ones), first));
    module->eval();
    CHECK(same_bits(module->forward(ones), ones.flatten(1)));
  }
}

TEST_CASE("what is dropped has no gradient, what is kept has the scaled one") {
  NetworkModule module(single(Dropout{0.5}, {8, 4, 4}), 1);
  module->train();
  const at::Tensor x = noise({4, 8, 4, 4}, 2).requires_grad_();
  const at::Tensor y = module->forward(x).reshape({4, 8, 4, 4});
  y.sum().backward();
  CHECK(same_bits(x.grad(), (y != 0).to(at::kFloat) * 2));
}

TEST_CASE("making, training and running a network leaves the global generator alone") {
  const at::Generator global = at::detail::getDefaultCPUGenerator();
  const at::Tensor before = global.get_state().clone();
  NetworkModule module(lower(small_architecture()), 3);
  module->train();
  module->forward(noise({4, 3, 32, 32}, 1)).sum().backward();
  module->eval();
  module->forward(noise({4, 3, 32, 32}, 1));
  CHECK(same_bits(global.get_state(), before));
}

TEST_CASE("a training run depends on its seed only, not on what was drawn before it") {
  const auto train = [](uint64_t seed) {
    NetworkModule module(lower(small_architecture()), seed);
    module->train();
    return module->forward(noise({4, 3, 32, 32}, 1)).detach();
  };
  const at::Tensor first = train(5);
  at::rand({100});
  CHECK(same_bits(train(5), first));
  CHECK_FALSE(same_bits(train(6), first));
}
