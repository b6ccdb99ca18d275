#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace ridgeline {

/// The weights of a file and where in it they stood.
struct StoredWeights {
  std::map<std::string, at::Tensor> tensors;  ///< on the CPU, types as stored
  std::string part;  ///< "state_dict_ema": the key of the dictionary; empty: the file itself
};

/// Reads a file of safetensors (by its name), or one that Python's `torch.save` wrote, in the
/// format since PyTorch 1.6 (a zip) or the one before, which torchvision's older files have: a
/// dictionary of tensors, or a checkpoint that holds one under `state_dict_ema`, `model_ema`,
/// `state_dict`, `model_state_dict`, `model` or `weights`; the first of these is taken, averaged
/// weights before others as timm does. A prefix "module." of all names (data-parallel trainings) is
/// left out. Runs no code of the file. Throws `kIo` when the file cannot be read, `kData` when it
/// is none of these, or damaged.
StoredWeights read_stored_weights(const std::filesystem::path& path);

}  // namespace ridgeline
