#pragma once

#include <optional>

#include "accuracy/normalization.h"
#include "core/error.h"

namespace ridgeline {

/// What an exported file wants as images, or does to them itself.
struct ExportInput {
  std::optional<Normalization> normalization = {};  ///< one value per channel; none: not known
  bool include_preprocessing = false;  ///< the file takes pixels from 0 to 1 and normalizes them
};

/// Throws `kUsage` for preprocessing without a normalization.
inline void require_normalization(const ExportInput& input) {
  if (!input.include_preprocessing || input.normalization) return;
  throw Error(ErrorKind::kUsage,
              "export: no normalization is known that could be included; the network was not "
              "trained on images, or by a version that did not record it");
}

}  // namespace ridgeline
