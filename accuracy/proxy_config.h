#pragma once

#include "core/config.h"

namespace ridgeline {

/// What a trial trains instead of the whole: each a factor, 1 changes nothing. The final training
/// and what is priced and exported are never reduced.
struct ReductionConfig {
  double resolution = 1;
  double width = 1;
  double images = 1;
  bool operator==(const ReductionConfig&) const = default;

  template <class V>
  void describe(V& v) {
    v.field("resolution", resolution,
            {.help = "trials train at this factor of the input resolution (to the nearest pixel); "
                     "latency and final training keep the whole",
             .min = 0.05,
             .max = 1.0});
    v.field("width", width,
            {.help = "trials train networks with this factor of all filters (to the nearest whole "
                     "number, at least 1)",
             .min = 0.05,
             .max = 1.0});
    v.field("images", images,
            {.help = "trials learn from this share of the training images, balanced over the "
                     "classes; validation images are all used",
             .min = 0.001,
             .max = 1.0});
  }
};

}  // namespace ridgeline
