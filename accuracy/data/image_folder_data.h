#pragma once

#include "accuracy/data/dataset.h"

namespace ridgeline {

/// Side of the square images that the cache keeps for networks of `resolution`: room for crops, as
/// 256 for 224.
int cached_side(int resolution);

/// The images of a folder (accuracy/images/image_folder.h) by way of their cache, which is built
/// where there is none. The validation part is empty where the folder has no `val`. Throws `kData`
/// naming the folder or file; what cannot be read is named there or left out with a warning, as
/// `config.folder.on_bad_image` says.
Dataset read_image_folder(const DataConfig& config);

}  // namespace ridgeline
