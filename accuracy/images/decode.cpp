#include "accuracy/images/decode.h"

#include <algorithm>
#include <cmath>

#include "accuracy/images/codecs.h"

namespace ridgeline {
namespace {

constexpr std::string_view kPngBegin("\x89PNG\r\n\x1a\n", 8);

ImageFormat format_of(std::string_view file) {
  if (file.empty()) refuse_image("empty file");
  if (file.starts_with("\xFF\xD8\xFF")) return ImageFormat::kJpeg;
  if (file.starts_with(kPngBegin)) return ImageFormat::kPng;
  if (file.size() >= 12 && file.starts_with("RIFF") && file.substr(8, 4) == "WEBP")
    return ImageFormat::kWebp;
  for (const auto& [begin, name] : {std::pair<std::string_view, const char*>{"GIF8", "GIF"},
                                    {"BM", "BMP"},
                                    {"II*", "TIFF"},
                                    {"MM", "TIFF"},
                                    {"<", "HTML or SVG"}}) {
    if (file.starts_with(begin))
      refuse_image("a " + std::string(name) + " file, not JPEG, PNG or WebP");
  }
  refuse_image("not JPEG, PNG or WebP");
}

/// Swaps the axes of EXIF orientations 5 to 8.
bool is_turned(int orientation) { return orientation >= 5; }

/// The image as it is to be seen.
Image upright(Image stored, int orientation) {
  if (orientation == 1) return stored;
  const int w = stored.width, h = stored.height;
  Image out = is_turned(orientation) ? Image(h, w) : Image(w, h);
  const bool mirror = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool flip = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      int from_x = is_turned(orientation) ? y : x, from_y = is_turned(orientation) ? x : y;
      if (mirror) from_x = w - 1 - from_x;
      if (flip) from_y = h - 1 - from_y;
      std::copy_n(stored.row(from_y) + size_t{3} * static_cast<size_t>(from_x), 3,
                  out.row(y) + size_t{3} * static_cast<size_t>(x));
    }
  }
  return out;
}

Image decode_whole(std::string_view file, const ImageHead& head) {
  switch (head.format) {
    case ImageFormat::kJpeg: {
      const bool turned = is_turned(head.orientation);
      const PixelBox all{0, 0, turned ? head.height : head.width,
                         turned ? head.width : head.height};
      return upright(decode_jpeg(file, all, 1).image, head.orientation);
    }
    case ImageFormat::kPng:
      return decode_png(file);
    case ImageFormat::kWebp:
      return decode_webp(file);
  }
  throw Error(ErrorKind::kInternal, "image format without a decoder");
}

/// 8, 4, 2 or 1: the largest that leaves 1.5 times the pixels asked for on both axes. With less the
/// result would differ by more than a byte's step on average.
int shrink_for(const PixelBox& box, int width, int height) {
  int shrink = 8;
  while (shrink > 1 && (2 * box.width < 3 * width * shrink || 2 * box.height < 3 * height * shrink))
    shrink /= 2;
  return shrink;
}

}  // namespace

ImageHead read_image_head(std::string_view file) {
  const ImageFormat format = format_of(file);
  ImageHead head = format == ImageFormat::kJpeg  ? read_jpeg_head(file)
                   : format == ImageFormat::kPng ? read_png_head(file)
                                                 : read_webp_head(file);
  if (head.width < 1 || head.height < 1) refuse_image("no pixels");
  if (int64_t{head.width} * head.height > kMostImagePixels) {
    refuse_image("huge: " + std::to_string(head.width) + " x " + std::to_string(head.height) +
                 " pixels, at most 100 million are read");
  }
  if (head.orientation != 1) head.conversions.emplace_back("turned upright (EXIF)");
  if (is_turned(head.orientation)) std::swap(head.width, head.height);
  return head;
}

Image decode_image(std::string_view file) { return decode_whole(file, read_image_head(file)); }

Image decode_resized(std::string_view file, const ChooseBox& choose, int width, int height,
                     Interpolation interpolation) {
  const ImageHead head = read_image_head(file);
  const PixelBox box = choose(head.width, head.height);
  if (head.format == ImageFormat::kJpeg && head.orientation == 1) {
    const DecodedPart part = decode_jpeg(file, box, shrink_for(box, width, height));
    return resize(part.image, part.box, width, height, interpolation);
  }
  const Image whole = decode_whole(file, head);
  return resize(whole,
                {static_cast<double>(box.x), static_cast<double>(box.y),
                 static_cast<double>(box.width), static_cast<double>(box.height)},
                width, height, interpolation);
}

}  // namespace ridgeline
