#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <torch/optim/sgd.h>

#include "runtime/device.h"
#include "runtime/network_module.h"

namespace ridgeline {

/// Steps of a training on one batch of random images: forward, backward, SGD with momentum;
/// channels-last, float32, on the CPU.
class TrainingSteps {
 public:
  TrainingSteps(const Network& network, int batch, bool own_kernels)
      : module_(network, /*seed=*/1), optimizer_(make_optimizer()) {
    module_->use_own_kernels(own_kernels);
    module_->train();
    auto generator = at::make_generator<at::CPUGeneratorImpl>(uint64_t{1});
    const Shape& shape = network.input_shape();
    images_ =
        place(at::randn({batch, shape.channels, shape.height, shape.width}, generator), at::kCPU);
    labels_ = at::arange(batch).remainder(network.output_shape().channels);
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      const at::Tensor loss = at::cross_entropy_loss(module_->forward(images_), labels_);
      optimizer_.zero_grad();
      loss.backward();
      optimizer_.step();
    }
  }

 private:
  torch::optim::SGD make_optimizer() {
    place(*module_, at::kCPU);
    return torch::optim::SGD(module_->parameters(), torch::optim::SGDOptions(0.01).momentum(0.9));
  }

  NetworkModule module_;
  torch::optim::SGD optimizer_;
  at::Tensor images_, labels_;
};

}  // namespace ridgeline
