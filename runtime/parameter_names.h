#pragma once

#include <torch/nn/module.h>

#include <string>
#include <vector>

namespace ridgeline {

/// The names of the module's parameters that one of the patterns matches, in the module's order.
/// In a pattern `*` stands for any text, dots too, `?` for one character, `[1-3]` for one of these
/// (fnmatch): "stem.*", "stage[1-3].*", "*.bn.*". Throws `kConfig` for a pattern that matches
/// nothing, with near ones.
std::vector<std::string> matching_parameters(const torch::nn::Module& module,
                                             const std::vector<std::string>& patterns);

}  // namespace ridgeline
