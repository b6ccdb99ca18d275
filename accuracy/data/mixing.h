#pragma once

#include "accuracy/images/image.h"
#include "core/random.h"

namespace ridgeline {

/// How the images of a batch are mixed with partners: blended, or with a box of the partner in
/// them. `own` is the share of an image that is its own: the weight of its label.
struct Mixing {
  double own = 1;
  PixelBox box = {};  ///< of the partner; empty: blended, if `own` is below 1

  bool any() const { return own < 1; }
};

/// A draw from Beta(alpha, alpha).
double draw_beta(double alpha, RandomStream& stream);

/// Mixup (Zhang et al., 2018) or cutmix (Yun et al., 2019) for images of width x height: the one
/// whose alpha is above 0, or one of the two with equal probability.
Mixing draw_mixing(double mixup_alpha, double cutmix_alpha, int width, int height,
                   RandomStream& stream);

}  // namespace ridgeline
