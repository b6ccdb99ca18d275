#include "accuracy/zero_cost/scores.h"

#include <ATen/ATen.h>

#include <cmath>

#include "network/cost.h"
#include "runtime/network_module.h"
#include "tests/accuracy/small_networks.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// Stem, one fused convolution with its projection, head, linear layer: no skip, no gate.
Architecture chain(int classes = 3) {
  Architecture a = small_architecture(classes);
  a.head.dropout = 0.5;  // must make no difference
  return a;
}

ZeroCostInput input_of(const Architecture& a, int images, uint64_t stream = 5) {
  RandomStream random(stream, 0, "images");
  at::Tensor pixels = at::empty({images, 3, a.resolution, a.resolution});
  float* value = pixels.data_ptr<float>();
  for (int64_t i = 0; i < pixels.numel(); ++i) value[i] = static_cast<float>(random.normal());
  at::Tensor labels = at::zeros({images}, at::kLong);
  for (int i = 0; i < images; ++i) labels[i] = i % a.classes;
  return {pixels, labels};
}

}  // namespace

// With absolute weights, an image of ones and no biases every layer of a chain is linear in its
// weights, so that each layer's sum of |w dR/dw| is R itself (Euler's theorem).
TEST_CASE("synflow of a chain is its number of layers times its output for ones") {
  const Architecture a = chain();
  NetworkModule module(lower(a), 7);
  module->to(at::kDouble);
  module->eval();
  const at::NoGradGuard no_gradients;
  int layers = 0;
  for (const at::Tensor& weight : module->parameters()) {
    weight.abs_();
    layers += weight.dim() > 1;
  }
  REQUIRE(layers == 5);
  const double output = module->forward(at::ones({1, 3, 16, 16}, at::kDouble)).sum().item<double>();
  CHECK(synflow(a, 7) == Approx(std::log(layers * output)).epsilon(1e-9));
}

TEST_CASE("synflow and zen see no images, and depend on the weights' seed alone") {
  const Architecture a = chain();
  ZeroCostInput one = input_of(a, 8, 1), other = input_of(a, 8, 2);
  for (const ZeroCostScore score : {ZeroCostScore::kSynflow, ZeroCostScore::kZen}) {
    const double value = zero_cost_score(score, a, one);
    CHECK(std::isfinite(value));
    CHECK(zero_cost_score(score, a, other) == value);
    CHECK(zero_cost_score(score, a, one) == value);
    one.seed = 2;
    CHECK(zero_cost_score(score, a, one) != value);
    one.seed = 1;
  }
}

// For two images the matrix is (N, k; k, N): N activations, k of which agree.
TEST_CASE("naswot of two images is that of the signs counted one by one") {
  Architecture a = chain();
  a.stages[0].activation = GENERATE(ActivationKind::kRelu, ActivationKind::kSwish);
  const ZeroCostInput input = input_of(a, 2);
  NetworkModule module(lower(a), input.seed);
  module->eval();
  module->collect_statistics(1);
  double all = 0, equal = 0;
  const at::NoGradGuard no_gradients;
  at::Tensor before;
  module->observe([&](int node, const at::Tensor& value) {
    if (std::holds_alternative<Activation>(module->network().node(node).op)) {
      const at::Tensor x = before[0].flatten(), y = before[1].flatten();  // what it was given
      for (int64_t i = 0; i < x.numel(); ++i) {
        ++all;
        equal += (x[i].item<float>() > 0) == (y[i].item<float>() > 0);
      }
    }
    before = value.clone();
  });
  module->forward(input.images);
  REQUIRE(all > 0);
  CHECK(naswot(a, input) == Approx(std::log(all * all - equal * equal)));
}

TEST_CASE("naswot does not depend on the order of images, and alike images cannot be told apart") {
  const Architecture a = chain();
  const ZeroCostInput input = input_of(a, 6);
  ZeroCostInput turned = input;
  turned.images = input.images.flip({0});
  CHECK(naswot(a, turned) == Approx(naswot(a, input)).epsilon(1e-6));
  ZeroCostInput twins = input;
  twins.images = input.images.clone();
  twins.images[1] = twins.images[0];
  CHECK(naswot(a, twins) < naswot(a, input) - 10);
}

TEST_CASE("the gradient norm is that of each layer, and zero where the loss cannot change") {
  const Architecture a = chain();
  const ZeroCostInput input = input_of(a, 8);
  NetworkModule module(lower(a), input.seed);
  module->eval();
  module->collect_statistics(1);
  at::log_softmax(module->forward(input.images), 1)
      .gather(1, input.labels.unsqueeze(1))
      .mean()
      .neg()
      .backward();
  double sum = 0;
  for (const at::Tensor& weight : module->parameters()) {
    if (weight.dim() > 1) sum += std::sqrt(weight.grad().square().sum().item<double>());
  }
  CHECK(sum > 0);
  CHECK(gradient_norm(a, input) == Approx(sum).epsilon(1e-4));
  // One class: its probability is 1 whatever the weights are.
  CHECK(gradient_norm(chain(1), input_of(chain(1), 8)) == 0);
}

TEST_CASE("the zen score leaves out skips and squeeze-and-excite, and rises with the width") {
  Architecture a = chain();
  a.stages[0].layers = 2;
  a.stages[0].skip = false;
  const double plain = zen_score(a, 16, 1);
  Architecture gated = a;
  gated.stages[0].skip = true;
  gated.stages[0].se_ratio = 0.25;
  CHECK(zen_score(gated, 16, 1) == plain);
  Architecture wide = a;
  wide.stages[0].filters = 64;
  CHECK(zen_score(wide, 16, 1) > plain);
}

TEST_CASE("multiply-adds and parameters are those of the cost counter") {
  const Architecture a = chain();
  const OperatorCost total = cost(lower(a)).total;
  const ZeroCostInput input = input_of(a, 2);
  CHECK(zero_cost_score(ZeroCostScore::kMadds, a, input) == static_cast<double>(total.madds));
  CHECK(zero_cost_score(ZeroCostScore::kParams, a, input) == static_cast<double>(total.params));
}

TEST_CASE("every score works on every part of the space") {
  Architecture a = chain();
  a.stem.stride = 1;
  a.stages[0].op = BlockOperator::kMbConv;
  a.stages[0].expansion = 3;
  a.stages[0].se_ratio = 0.25;
  a.stages[0].activation = ActivationKind::kSwish;
  a.stages[0].stride = 1;
  a.stages[0].reshape = GENERATE(Reshape::kNone, Reshape::kSpaceToDepth, Reshape::kSpaceToBatch);
  const ZeroCostInput input = input_of(a, 8);
  for (const auto& [score, name] : EnumNames<ZeroCostScore>::values) {
    INFO(name);
    CHECK(std::isfinite(zero_cost_score(score, a, input)));
    CHECK_FALSE(source_of(score).empty());
  }
}
