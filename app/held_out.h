#pragma once

#include <optional>

#include "accuracy/data_config.h"
#include "accuracy/normalization.h"
#include "export/bundle.h"
#include "network/published/network_source.h"

namespace ridgeline {

/// No more images than these are scored: enough to see a mistake in how images are prepared.
inline constexpr int kMostHeldOutImages = 2000;

/// The trained network that is exported.
struct TrainedNetwork {
  NetworkSource source;
  std::filesystem::path weights;
  Normalization normalization;
};

/// Scores of the network and of its exported files on the test images of `data` (the validation
/// images where there are none), at most `kMostHeldOutImages`. Nothing, with a warning, where the
/// images cannot be read: they may have gone since the training.
std::optional<HeldOutScore> held_out_score(const DataConfig& data, const TrainedNetwork& network);

}  // namespace ridgeline
