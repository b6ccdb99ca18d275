#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "network/published/pretrained_layout.h"
#include "runtime/network_module.h"

namespace ridgeline {

struct PretrainedOptions {
  PretrainedLayout layout = PretrainedLayout::kAuto;
  PretrainedHead head = PretrainedHead::kAuto;
};

struct PretrainedReport {
  PretrainedLayout layout = PretrainedLayout::kAuto;  ///< never `kAuto` afterwards
  std::string source;                                 ///< "torchvision's RegNet", "Ridgeline"
  std::string part;  ///< key of the dictionary in a checkpoint; empty: the file itself
  std::vector<std::string> taken;  ///< names of the module's parameters and buffers, in its order
  std::vector<std::string> fresh;  ///< those that keep their initial values: of the head
};

/// Whose weights the file holds: `asked`, or for `kAuto` what its names say. A network is then made
/// with `as_pretrained_layout`. Throws `kIo` and `kData` as `load_pretrained`; `kData` also where
/// the names do not decide: timm and timm_tf have the same.
PretrainedLayout find_pretrained_layout(const Network& network,
                                        const std::filesystem::path& weights,
                                        PretrainedLayout asked = PretrainedLayout::kAuto);

/// Gives the module the weights of a file (runtime/pretrained/torch_file.h) by name, converted to
/// the module's types: of Ridgeline, torchvision (ResNet, ResNeXt, RegNet, MobileNetV2 and V3,
/// MnasNet, EfficientNet and V2) or timm (the same, SE-ResNets and ResNet-D). Each tensor of the
/// file must be used and each of the module filled, but for the head as `options.head` says and
/// PyTorch's `num_batches_tracked`. Throws `kIo` when the file cannot be read; `kData` when it is
/// damaged, of another architecture (with the first tensors that do not fit) or holds NaN;
/// `kConfig` when the module's network does not pad and normalize as the layout needs. The module
/// is then as it was.
PretrainedReport load_pretrained(NetworkModule& module, const std::filesystem::path& weights,
                                 const PretrainedOptions& options = {});

}  // namespace ridgeline
