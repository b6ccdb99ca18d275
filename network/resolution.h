#pragma once

#include <string>

#include "core/error.h"

namespace ridgeline {

/// Throws `kConfig` naming the network and `smallest` when `resolution`, the side of its square
/// input in pixels, is below it: there some operator would have no input or a map would be padding
/// only.
inline void require_resolution(const std::string& network, int resolution, int smallest) {
  if (resolution >= smallest) return;
  throw Error(ErrorKind::kConfig,
              "network " + network + ": the resolution " + std::to_string(resolution) +
                  " is too small for its strides; valid: at least " + std::to_string(smallest));
}

}  // namespace ridgeline
