#include "controller/adam.h"

#include <ATen/ATen.h>
#include <torch/optim/adam.h>

#include "tests/catch.h"

using namespace ridgeline;

TEST_CASE(
    "the first Adam step moves each weight by the learning rate against its gradient's sign") {
  at::Tensor weights = at::zeros({3});
  Adam adam(3, 0.1);
  adam.step(weights, at::tensor({2.0f, -0.5f, 0.0f}));
  CHECK(weights[0].item<float>() == Approx(-0.1f));
  CHECK(weights[1].item<float>() == Approx(0.1f));
  CHECK(weights[2].item<float>() == 0.0f);
}

TEST_CASE("fifty Adam steps on a quadratic equal LibTorch's own optimiser") {
  const at::Tensor target = at::tensor({1.0f, -2.0f, 3.0f, 0.0f});
  at::Tensor ours = at::zeros({4});
  at::Tensor theirs = at::zeros({4});
  Adam adam(4, 0.05);
  torch::optim::Adam reference({theirs}, torch::optim::AdamOptions(0.05));
  for (int i = 0; i < 50; ++i) {
    adam.step(ours, ours - target);
    theirs.mutable_grad() = theirs - target;
    reference.step();
  }
  CHECK(adam.steps == 50);
  CHECK((ours - theirs).abs().max().item<float>() < 1e-6f);
  CHECK(ours[2].item<float>() > 1.5f);
}
