#pragma once

#include "accuracy/images/image.h"
#include "core/random.h"

namespace ridgeline {

/// A random part of an image: `min_area` to 1 of its area, its sides as 3:4 to 4:3, drawn as
/// torchvision's RandomResizedCrop draws. The largest middle part of such sides where ten draws
/// did not fit.
PixelBox draw_crop(int width, int height, double min_area, RandomStream& stream);

}  // namespace ridgeline
