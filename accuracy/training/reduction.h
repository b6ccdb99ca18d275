#pragma once

#include "accuracy/data/dataset.h"
#include "accuracy/proxy_config.h"
#include "search_space/architecture.h"
#include "search_space/search_space.h"

namespace ridgeline {

/// What a trial trains instead of `architecture`: filters and resolution times their factors, to
/// the nearest whole number; filters one step up where that loses over 10 %.
Architecture reduced(const Architecture& architecture, const ReductionConfig& reduction);

/// A balanced share of the training images, at least one per class; the same for the same seed.
ImageSet reduced(const ImageSet& images, int classes, double share, uint64_t seed);

/// Throws `kConfig`, naming `accuracy.proxy.resolution`, where networks of `space` cannot be
/// reduced so far: the resolution is too small for their strides. `resolution`: of the data, where
/// the space leaves it open.
void require_reducible(const SearchSpace& space, const ReductionConfig& reduction, int resolution);

}  // namespace ridgeline
