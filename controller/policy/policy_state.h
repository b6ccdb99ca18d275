#pragma once

#include <torch/optim/adam.h>

#include <string>

#include "controller/policy/policy.h"

namespace ridgeline {

/// The policy's parameters with Adam's steps and moments, as LibTorch writes a list of tensors.
std::string policy_bytes(const Policy& policy, const torch::optim::Adam& adam);

/// Puts them back. Throws `kRun` for bytes that hold something else; then nothing has changed.
void restore_policy(const std::string& bytes, Policy& policy, torch::optim::Adam& adam);

}  // namespace ridgeline
