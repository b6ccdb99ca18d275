#include "network/training_memory.h"

#include "tests/catch.h"

using namespace ridgeline;

namespace {

constexpr int64_t kBatch = 4;

double activation_values(const Network& network, bool fused) {
  return training_memory(network, {.batch = kBatch, .own_kernels = fused}).activations /
         (4 * kBatch);
}

}  // namespace

TEST_CASE("training memory of a convolution, batch norm and swish by hand") {
  NetworkBuilder builder("one", {3, 8, 8, 1});
  builder.conv_bn_act("layer", builder.input(), {.out_channels = 10, .kernel_h = 3, .kernel_w = 3},
                      {}, ActivationKind::kSwish);
  const Network network = std::move(builder).build();
  const double image = 3 * 64, map = 10 * 64;
  // Kept: image, convolution, batch norm; then the output and its gradient beside the next one's.
  CHECK(activation_values(network, false) == image + 4 * map);
  // Fused: no value between batch norm and swish.
  CHECK(activation_values(network, true) == image + 3 * map);
  CHECK(training_memory(network, {.batch = kBatch, .copies_of_weights = 3}).weights ==
        3 * 4 * (270 + 20));
}

TEST_CASE("training memory grows with the batch, with kept values, and without fusing") {
  NetworkBuilder builder("two", {8, 16, 16, 1});
  int x = builder.input();
  for (int i = 0; i < 3; ++i) {
    x = builder.conv_bn_act("layer" + std::to_string(i), x, {.out_channels = 8}, {},
                            ActivationKind::kSwish);
  }
  const Network network = std::move(builder).build();
  const TrainingMemory one = training_memory(network, {.batch = 1});
  const TrainingMemory ten = training_memory(network, {.batch = 10});
  CHECK(ten.activations == 10 * one.activations);
  CHECK(ten.weights == one.weights);
  CHECK(activation_values(network, true) < activation_values(network, false));
  // Not less than what must be there at the end of the forward pass.
  CHECK(activation_values(network, true) >= 7 * 8 * 256);
}
