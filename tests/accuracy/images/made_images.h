#pragma once

#include <string>
#include <vector>

#include "accuracy/images/image.h"

namespace ridgeline::test {

/// A smooth picture with edges and a little noise: like a photograph to a codec.
Image made_picture(int width, int height, uint64_t seed);

struct JpegOptions {
  int quality = 90;
  bool progressive = false;
  bool cmyk = false;                     ///< the colours as inks of four channels, as Adobe stores
  std::vector<unsigned char> app1 = {};  ///< an EXIF block
};
std::string made_jpeg(const Image& image, const JpegOptions& options = {});
std::string made_webp(const Image& image, bool lossless);
/// An EXIF block that says nothing but an orientation.
std::vector<unsigned char> exif_block(int orientation);

/// Mean difference of bytes.
double mean_difference(const Image& a, const Image& b);

}  // namespace ridgeline::test
