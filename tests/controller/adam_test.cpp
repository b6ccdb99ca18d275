#include "controller/adam.h"

#include <ATen/ATen.h>
#include <torch/optim/adam.h>

#include "tests/catch.h"

using namespace ridgeline;

TEST_CASE(
    "the first Adam step moves each weight by the learning rate against its gradient's sign") {
  std::vector<float> weights(3, 0.0f);
  Adam adam(3, 0.1);
  adam.step(weights, std::vector<float>{2.0f, -0.5f, 0.0f});
  CHECK(weights[0] == Approx(-0.1f));
  CHECK(weights[1] == Approx(0.1f));
  CHECK(weights[2] == 0.0f);
}

TEST_CASE("fifty Adam steps on a quadratic equal LibTorch's own optimiser") {
  const std::vector<float> target = {1.0f, -2.0f, 3.0f, 0.0f};
  std::vector<float> ours(4, 0.0f);
  at::Tensor theirs = at::zeros({4});
  Adam adam(4, 0.05);
  torch::optim::Adam reference({theirs}, torch::optim::AdamOptions(0.05));
  for (int i = 0; i < 50; ++i) {
    std::vector<float> slopes = ours;
    for (size_t k = 0; k < 4; ++k) slopes[k] -= target[k];
    adam.step(ours, slopes);
    theirs.mutable_grad() = theirs - at::tensor(target);
    reference.step();
  }
  CHECK(adam.steps == 50);
  CHECK((at::tensor(ours) - theirs).abs().max().item<float>() < 1e-6f);
  CHECK(ours[2] > 1.5f);
}
