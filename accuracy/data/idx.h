#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "accuracy/data/dataset.h"

namespace ridgeline {

/// IDX images of unsigned bytes: N x H x W (grey) or N x H x W x C with 1 or 3 channels. The labels
/// stay empty. Throws `kData` with the file and what was expected: magic, type, rank, size.
ImageSet read_idx_images(const std::filesystem::path& path);

/// IDX labels: N unsigned bytes, each below `classes`. Throws `kData` naming the first label out of
/// range.
std::vector<int> read_idx_labels(const std::filesystem::path& path, int classes);

}  // namespace ridgeline
