#pragma once

#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>

#include <memory>
#include <vector>

#include "accuracy/config.h"

namespace ridgeline {

/// The optimizer of `config` over two parameter groups of `module`: first the weights of
/// convolutions and linear layers, with weight decay, then biases and batch norm, without. SGD has
/// Nesterov momentum; RMSProp is TensorFlow's (epsilon 1e-3 within the root, mean square starting
/// at 1, momentum on the step); LAMB is Algorithm 2 of You et al. (2020). Parameters without
/// `requires_grad` are in no group.
std::unique_ptr<torch::optim::Optimizer> make_optimizer(const TrainingConfig& config,
                                                        const torch::nn::Module& module);

/// Scales the gradients so that the L2 norm of all together is at most `largest`, as
/// `torch::nn::utils::clip_grad_norm_` does, but without waiting for the device.
void clip_gradient(const std::vector<torch::Tensor>& parameters, double largest);

/// Sets the step size of every group.
void set_learning_rate(torch::optim::Optimizer& optimizer, double learning_rate);

}  // namespace ridgeline
