#pragma once

#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>

#include <memory>

#include "accuracy/config.h"

namespace ridgeline {

/// The optimizer of `config` over two parameter groups of `module`: first the weights of
/// convolutions and linear layers, with weight decay, then biases and batch norm, without. SGD has
/// Nesterov momentum; RMSProp is TensorFlow's (epsilon 1e-3 within the root, mean square starting
/// at 1, momentum on the step).
std::unique_ptr<torch::optim::Optimizer> make_optimizer(const TrainingConfig& config,
                                                        const torch::nn::Module& module);

/// Sets the step size of every group.
void set_learning_rate(torch::optim::Optimizer& optimizer, double learning_rate);

}  // namespace ridgeline
