#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/network_module.h"
#include "search_space/architecture.h"
#include "search_space/decision.h"

namespace ridgeline {

/// The weights of all networks of a space: one over-parameterised network (Bender et al. 2020,
/// "Can weight sharing outperform random architecture search?"). Each tensor is there once, under
/// its name in `SharedNames`, at its largest size in the space. A network uses the first channels
/// of its tensors and the middle of its kernels, so that a kernel's cells meet the same pixels
/// whatever its size.
class SharedWeights : public torch::nn::Module {
 public:
  /// With the initial values of ordinary networks (`initial_parameter`), each tensor from its own
  /// stream of `seed`. `base`: any network of the space, as the data needs it. Throws `kConfig` for
  /// plain decisions.
  static std::shared_ptr<SharedWeights> of_space(const std::vector<Decision>& decisions,
                                                 const Architecture& base, uint64_t seed);
  /// What `save_weights` wrote. Throws `kData` for a file that is none.
  static std::shared_ptr<SharedWeights> load(const std::filesystem::path& path);

  /// The network of `architecture` on its slices of these weights, through which gradients flow
  /// back here; its batch norm has no statistics yet. `seed`: of dropout and drop-connect. On the
  /// device of the weights. Throws `kData` for a network that is not of the space.
  NetworkModule network(const Architecture& architecture, uint64_t seed) const;

 private:
  explicit SharedWeights(std::map<std::string, at::Tensor> tensors);
  std::map<std::string, at::Tensor> tensors_;  // the registered ones
};

}  // namespace ridgeline
