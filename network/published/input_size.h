#pragma once

#include <string>

#include "core/error.h"

namespace ridgeline {

/// Throws `kConfig` when square images of `resolution` pixels are smaller than `smallest`: the
/// product of a network's strides, below which a stage would see nothing but padding, or what its
/// unpadded windows need.
inline void require_resolution(const std::string& network, int resolution, int smallest) {
  if (resolution >= smallest) return;
  throw Error(ErrorKind::kConfig,
              "network " + network + ": the resolution " + std::to_string(resolution) +
                  " is too small for its strides; valid: at least " + std::to_string(smallest));
}

}  // namespace ridgeline
