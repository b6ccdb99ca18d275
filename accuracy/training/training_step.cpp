#include "accuracy/training/training_step.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <torch/optim/sgd.h>

#include <chrono>

#include "runtime/device.h"
#include "runtime/network_module.h"

namespace ridgeline {

TrainingStep try_training_step(const Network& network, const std::string& device_text) {
  constexpr int64_t kImages = 8;
  const c10::Device device = device_from_text(device_text);
  NetworkModule module(network, /*seed=*/1);
  place(*module, device);
  module->train();
  torch::optim::SGD optimizer(module->parameters(), torch::optim::SGDOptions(0.01));
  const Shape& shape = network.input_shape();
  auto generator = at::make_generator<at::CPUGeneratorImpl>(/*seed=*/1);
  const at::Tensor images =
      place(at::randn({kImages, shape.channels, shape.height, shape.width}, generator), device);
  const at::Tensor labels =
      at::arange(kImages, at::kLong).remainder(network.output_shape().channels).to(device);
  TrainingStep step;
  for (int repeat = 0; repeat < 2; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    const at::Tensor loss = at::cross_entropy_loss(module->forward(images).to(at::kFloat), labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    step.loss = loss.item<double>();  // waits for the device
    step.ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  }
  return step;
}

}  // namespace ridgeline
