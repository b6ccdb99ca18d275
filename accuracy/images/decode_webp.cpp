#include <webp/decode.h>

#include "accuracy/images/codecs.h"

namespace ridgeline {
namespace {

const uint8_t* bytes_of(std::string_view file) {
  return reinterpret_cast<const uint8_t*>(file.data());
}

}  // namespace

ImageHead read_webp_head(std::string_view file) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(bytes_of(file), file.size(), &features) != VP8_STATUS_OK)
    refuse_image("damaged WebP: its head cannot be read");
  if (features.has_animation != 0) refuse_image("animated WebP");
  ImageHead head{.format = ImageFormat::kWebp, .width = features.width, .height = features.height};
  if (features.has_alpha != 0) head.conversions.emplace_back("transparency dropped");
  return head;
}

Image decode_webp(std::string_view file) {
  const ImageHead head = read_webp_head(file);
  Image image(head.width, head.height);
  if (WebPDecodeRGBInto(bytes_of(file), file.size(), image.pixels.data(), image.pixels.size(),
                        static_cast<int>(image.row_bytes())) == nullptr)
    refuse_image("damaged WebP: truncated, or its pixels cannot be decoded");
  return image;
}

}  // namespace ridgeline
