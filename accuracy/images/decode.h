#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "accuracy/images/image.h"
#include "accuracy/images/resize.h"
#include "core/enum_names.h"

namespace ridgeline {

enum class ImageFormat { kJpeg, kPng, kWebp };
template <>
struct EnumNames<ImageFormat> {
  static constexpr std::array<std::pair<ImageFormat, const char*>, 3> values{
      {{ImageFormat::kJpeg, "JPEG"}, {ImageFormat::kPng, "PNG"}, {ImageFormat::kWebp, "WebP"}}};
};

/// Larger images are refused before they are decoded.
constexpr int64_t kMostImagePixels = 100'000'000;

/// What the head of a file says.
struct ImageHead {
  ImageFormat format = ImageFormat::kJpeg;
  int width = 0, height = 0;  ///< upright
  int orientation = 1;        ///< of the stored pixels, as EXIF counts: 1 to 8
  /// What is converted on reading: "grey", "CMYK", "16 bits", "palette", "transparency dropped",
  /// "turned upright (EXIF)".
  std::vector<std::string> conversions = {};
};

/// Reads the head of a JPEG, PNG or WebP file, known by its content. Throws `kData` with a reason
/// that does not name the file: empty, another format, damaged, animated, over `kMostImagePixels`.
ImageHead read_image_head(std::string_view file);

/// All pixels, upright, as colours: grey is repeated, CMYK and 16 bits are converted as Pillow
/// does, transparency is dropped. Throws `kData` as above, and for a truncated or damaged file.
Image decode_image(std::string_view file);

/// Chooses the part that is wanted of an upright image of width x height.
using ChooseBox = std::function<PixelBox(int width, int height)>;

/// The chosen part at width x height. Decodes no more of it than it needs: of a JPEG only the rows
/// and columns of the box, and at a half, a quarter or an eighth of the size (scaling in the DCT)
/// where what is left is still 1.5 times as large as what is asked for.
Image decode_resized(std::string_view file, const ChooseBox& choose, int width, int height,
                     Interpolation interpolation);

}  // namespace ridgeline
