#pragma once

#include <cstdint>

#include "accuracy/images/image.h"
#include "accuracy/interpolation.h"

namespace ridgeline {

/// The part of a source image that becomes the whole resized one; fractions of pixels are allowed.
struct SourceBox {
  double x = 0, y = 0, width = 0, height = 0;
};

/// Resizes `box` of an image of `channels` interleaved bytes, with antialiasing, to the bytes that
/// Pillow's `Image.resize` gives, so also torchvision's for Pillow images: the filter widens when
/// shrinking, columns come first, and each pass rounds to bytes. `out`: [height, width, channels].
/// REQUIRES: the box is not empty and lies in the image; channels 1 or 3.
void resize(const uint8_t* source, int source_width, int source_height, int channels,
            const SourceBox& box, int width, int height, Interpolation interpolation, uint8_t* out);
Image resize(const Image& source, const SourceBox& box, int width, int height,
             Interpolation interpolation);
/// The whole image.
Image resize(const Image& source, int width, int height, Interpolation interpolation);

}  // namespace ridgeline
