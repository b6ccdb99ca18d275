#pragma once

#include <string>
#include <string_view>

#include "accuracy/images/decode.h"
#include "core/error.h"

namespace ridgeline {

// The three libraries behind decode.h. Boxes and sizes are those of the stored pixels, before they
// are turned upright.

ImageHead read_jpeg_head(std::string_view file);
ImageHead read_png_head(std::string_view file);
ImageHead read_webp_head(std::string_view file);

/// Pixels of a part of an image, perhaps at a smaller scale.
struct DecodedPart {
  Image image;
  SourceBox box;  ///< where in `image` the wanted part is
};

/// Decodes `box` of a JPEG at 1 / `shrink` of its size (1, 2, 4 or 8).
DecodedPart decode_jpeg(std::string_view file, const PixelBox& box, int shrink);
Image decode_png(std::string_view file);
Image decode_webp(std::string_view file);

[[noreturn]] inline void refuse_image(const std::string& why) {
  throw Error(ErrorKind::kData, why);
}

}  // namespace ridgeline
