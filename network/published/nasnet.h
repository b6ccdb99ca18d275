#pragma once

#include <string>

#include "network/network.h"

namespace ridgeline {

/// NASNet-A (Zoph et al. 2018, "Learning Transferable Architectures for Scalable Image
/// Recognition", Figure 4): two reduction cells as stem, then three groups of normal cells with a
/// reduction cell before the second and the third. SAME padding but in the stem's convolution,
/// batch norm with epsilon 1e-3; without the auxiliary classifier and the scheduled drop-path of
/// training.
struct NasNetA {
  int64_t stem_filters = 96;
  int64_t filters = 168;    ///< F of the first group; doubles with each reduction
  int cells_per_group = 6;  ///< the published N
  double dropout = 0.5;
};

/// For 3 x `resolution` x `resolution` images. "6 @ 4032", NASNet-A large, is the default: 24 F =
/// 4032 features. Throws `kConfig` for resolutions under 32 and for `filters` that are no multiple
/// of 8.
Network nasnet_a(const std::string& name, int resolution, const NasNetA& config = {},
                 int classes = 1000);

}  // namespace ridgeline
