#include <ATen/ATen.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adam.h>
#include <torch/optim/sgd.h>

#include <cmath>

#include "accuracy/training/moving_average.h"
#include "accuracy/training/optimizer.h"
#include "tests/catch.h"

using namespace ridgeline;

namespace {

/// A module with one 1-D parameter (no decay) and one 2-D parameter (decay), both single numbers.
struct TwoNumbers : torch::nn::Module {
  TwoNumbers(float scale_value, float weight_value) {
    scale = register_parameter("scale", at::full({1}, scale_value));
    weight = register_parameter("weight", at::full({1, 1}, weight_value));
  }
  void set_gradients(float scale_gradient, float weight_gradient) {
    scale.mutable_grad() = at::full({1}, scale_gradient);
    weight.mutable_grad() = at::full({1, 1}, weight_gradient);
  }
  torch::Tensor scale, weight;
};

TrainingConfig config_of(OptimizerKind kind) {
  TrainingConfig config;
  config.optimizer = kind;
  config.learning_rate = 0.1;
  config.momentum = 0.5;
  config.weight_decay = 0.2;
  return config;
}

}  // namespace

TEST_CASE("Weights of convolutions and linear layers decay; batch norm and biases do not") {
  torch::nn::Module module;
  module.register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 4, 3)));
  module.register_module("bn", torch::nn::BatchNorm2d(4));
  module.register_module("linear", torch::nn::Linear(4, 2));
  const auto optimizer = make_optimizer(config_of(OptimizerKind::kSgd), module);
  auto& groups = optimizer->param_groups();
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].params().size() == 2);  // conv.weight, linear.weight
  CHECK(groups[1].params().size() == 4);  // conv.bias, bn.weight, bn.bias, linear.bias
  for (const auto& weight : groups[0].params()) CHECK(weight.dim() > 1);
  CHECK(static_cast<torch::optim::SGDOptions&>(groups[0].options()).weight_decay() == 0.2);
  CHECK(static_cast<torch::optim::SGDOptions&>(groups[1].options()).weight_decay() == 0);
}

TEST_CASE("SGD follows Nesterov's rule with decay on weights only") {
  TwoNumbers module(1.0F, 2.0F);
  const auto optimizer = make_optimizer(config_of(OptimizerKind::kSgd), module);
  module.set_gradients(1.0F, 1.0F);
  optimizer->step();
  // First step: v = g, update = g + 0.5 v = 1.5 g; weight's g = 1 + 0.2 * 2 = 1.4.
  CHECK(module.scale.item<float>() == Approx(1.0 - 0.1 * 1.5));
  CHECK(module.weight.item<float>() == Approx(2.0 - 0.1 * 1.5 * 1.4));
  set_learning_rate(*optimizer, 0.2);
  module.set_gradients(1.0F, 0.0F);
  optimizer->step();
  // v = 0.5 * 1 + 1 = 1.5; update = 1 + 0.75.
  CHECK(module.scale.item<float>() == Approx(0.85 - 0.2 * 1.75));
}

TEST_CASE(
    "RMSProp is TensorFlow's: epsilon in the root, mean square from one, momentum on the step") {
  TwoNumbers module(1.0F, 2.0F);
  const auto optimizer = make_optimizer(config_of(OptimizerKind::kRmsProp), module);
  module.set_gradients(2.0F, 0.0F);
  optimizer->step();
  // scale: ms = 0.9 + 0.1 * 4 = 1.3; step = 0.1 * 2 / sqrt(1.301).
  const double first = 0.1 * 2 / std::sqrt(1.301);
  CHECK(module.scale.item<float>() == Approx(1 - first));
  // weight: g = 0.2 * 2 = 0.4; ms = 0.9 + 0.1 * 0.16.
  CHECK(module.weight.item<float>() == Approx(2 - 0.1 * 0.4 / std::sqrt(0.916 + 1e-3)));
  module.set_gradients(0.0F, 0.0F);
  optimizer->step();
  CHECK(module.scale.item<float>() == Approx(1 - 1.5 * first));  // momentum alone
}

TEST_CASE("Adam's first step is the learning rate against the gradient's sign") {
  TwoNumbers module(1.0F, 0.0F);
  const auto optimizer = make_optimizer(config_of(OptimizerKind::kAdam), module);
  module.set_gradients(3.0F, -5.0F);
  optimizer->step();
  CHECK(module.scale.item<float>() == Approx(0.9));
  CHECK(module.weight.item<float>() == Approx(0.1));
}

TEST_CASE("LAMB scales Adam's step of decayed weights by the norm of the weights over its own") {
  TwoNumbers module(1.0F, 2.0F);
  const auto optimizer = make_optimizer(config_of(OptimizerKind::kLamb), module);
  module.set_gradients(3.0F, -5.0F);
  optimizer->step();
  CHECK(module.scale.item<float>() == Approx(1 - 0.1));  // Adam's: no decay, not scaled
  // weight: step -1 + 0.2 * 2 = -0.6; norm of the weight 2, of the step 0.6.
  CHECK(module.weight.item<float>() == Approx(2 + 0.1 * 2 / 0.6 * 0.6));
  module.set_gradients(1.0F, 0.0F);
  optimizer->step();
  // Means 0.9 * 0.3 + 0.1 and 0.999 * 0.009 + 0.001, corrected for their start at zero.
  const double mean = (0.9 * 0.3 + 0.1) / (1 - 0.81);
  const double square = (0.999 * 0.009 + 0.001) / (1 - 0.999 * 0.999);
  CHECK(module.scale.item<float>() == Approx(0.9 - 0.1 * mean / std::sqrt(square)));
}

TEST_CASE("Frozen parameters are not trained") {
  TwoNumbers module(1.0F, 2.0F);
  module.weight.set_requires_grad(false);
  for (const auto kind :
       {OptimizerKind::kSgd, OptimizerKind::kRmsProp, OptimizerKind::kAdam, OptimizerKind::kLamb}) {
    const auto optimizer = make_optimizer(config_of(kind), module);
    module.scale.mutable_grad() = at::full({1}, 1.0F);
    const float before = module.scale.item<float>();
    optimizer->step();
    CHECK(module.scale.item<float>() < before);
    CHECK(module.weight.item<float>() == 2.0F);
  }
}

TEST_CASE("Swapping the moving average twice changes nothing") {
  torch::nn::BatchNorm2d bn(1);
  MovingAverage average(*bn, 0.25);
  const at::NoGradGuard no_gradients;
  bn->weight.fill_(11.0);
  average.swap();
  CHECK(bn->weight.item<float>() == 1.0F);
  average.swap();
  CHECK(bn->weight.item<float>() == 11.0F);
}

TEST_CASE("The moving average begins with a short memory and takes in batch-norm statistics") {
  torch::nn::BatchNorm2d bn(1);
  MovingAverage average(*bn, 0.25);
  at::NoGradGuard no_gradients;
  bn->weight.fill_(11.0);
  bn->running_mean.fill_(10.0);
  average.update();  // decay min(0.25, 2 / 11): averages 2/11 old + 9/11 new
  bn->weight.fill_(5.0);
  average.update();  // decay min(0.25, 3 / 12) = 0.25
  average.apply();
  const double after_first = 2.0 / 11 * 1 + 9.0 / 11 * 11;
  CHECK(bn->weight.item<float>() == Approx(0.25 * after_first + 0.75 * 5));
  const double mean_first = 9.0 / 11 * 10;
  CHECK(bn->running_mean.item<float>() == Approx(0.25 * mean_first + 0.75 * 10));
}

TEST_CASE("Gradients are scaled to the largest norm, smaller ones are left alone") {
  std::vector<at::Tensor> parameters = {at::zeros({2}), at::zeros({1, 1}), at::zeros({3})};
  parameters[0].mutable_grad() = at::tensor({3.0F, 0.0F});
  parameters[1].mutable_grad() = at::full({1, 1}, 4.0F);  // norm 5 together; the third has none
  clip_gradient(parameters, 10);
  CHECK(parameters[1].grad().item<float>() == 4.0F);
  clip_gradient(parameters, 1);
  CHECK(parameters[0].grad()[0].item<float>() == Approx(0.6));
  CHECK(parameters[1].grad().item<float>() == Approx(0.8));
}
