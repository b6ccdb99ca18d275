#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

#include "network/published/pretrained_layout.h"
#include "runtime/network_module.h"
#include "tests/support.h"

namespace ridgeline::test {

/// A network of torchvision or timm, and ours.
struct PretrainedCase {
  std::string theirs, ours;
  int resolution = 64;
  std::string format = "zip";  ///< see pretrained_reference.py
};

/// Has `library` ("torchvision", "timm") write weights and outputs of each case into `folder`. The
/// test is skipped where no Python has it.
void write_references(const std::vector<PretrainedCase>& cases, const std::string& library,
                      const std::filesystem::path& folder);

/// The file of weights of a case.
std::filesystem::path weights_of(const PretrainedCase& one, const std::filesystem::path& folder);

/// Our network for the case, as the layout needs it, with weights drawn from `seed`.
NetworkModule module_for(const PretrainedCase& one, PretrainedLayout layout);

/// The largest difference of the module's outputs from the library's, relative to the largest.
double difference_from_reference(NetworkModule& module, const PretrainedCase& one,
                                 const std::filesystem::path& folder);

/// All parameters and buffers, copied.
std::vector<at::Tensor> values_of(const NetworkModule& module);
bool equal_values(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b);

}  // namespace ridgeline::test
