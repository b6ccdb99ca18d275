#include "tests/accuracy/images/made_images.h"

#include <webp/encode.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

// jpeglib.h needs cstdio before it.
#include <jpeglib.h>

#include "core/random.h"

namespace ridgeline::test {

Image made_picture(int width, int height, uint64_t seed) {
  RandomStream stream(seed);
  const double cx = stream.uniform() * width, cy = stream.uniform() * height;
  const double radius = 0.3 * std::min(width, height);
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool inside = std::hypot(x - cx, y - cy) < radius;
      for (int c = 0; c < 3; ++c) {
        const double wave = 60 * std::sin(0.05 * (c + 1) * x) * std::cos(0.04 * y + c);
        const double value = 120 + wave + (inside ? 50 - 40 * c : 0) + stream.uniform(-6, 6);
        image.row(y)[3 * x + c] = static_cast<uint8_t>(std::clamp(value, 0.0, 255.0));
      }
    }
  }
  return image;
}

std::string made_jpeg(const Image& image, const JpegOptions& options) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = options.cmyk ? 4 : 3;
  info.in_color_space = options.cmyk ? JCS_CMYK : JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, options.quality, TRUE);
  if (options.progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  if (!options.app1.empty()) {
    jpeg_write_marker(&info, JPEG_APP0 + 1, options.app1.data(),
                      static_cast<unsigned>(options.app1.size()));
  }
  std::vector<uint8_t> inks(static_cast<size_t>(image.width) * 4, 255);
  while (info.next_scanline < info.image_height) {
    const uint8_t* row = image.row(static_cast<int>(info.next_scanline));
    for (size_t x = 0; x < static_cast<size_t>(image.width); ++x)
      std::copy_n(row + 3 * x, 3, inks.data() + 4 * x);
    JSAMPROW line = options.cmyk ? inks.data() : const_cast<uint8_t*>(row);
    jpeg_write_scanlines(&info, &line, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string file(reinterpret_cast<char*>(bytes), size);
  std::free(bytes);
  return file;
}

std::string made_webp(const Image& image, bool lossless) {
  uint8_t* bytes = nullptr;
  const int stride = static_cast<int>(image.row_bytes());
  const size_t size =
      lossless
          ? WebPEncodeLosslessRGB(image.pixels.data(), image.width, image.height, stride, &bytes)
          : WebPEncodeRGB(image.pixels.data(), image.width, image.height, stride, 90, &bytes);
  std::string file(reinterpret_cast<char*>(bytes), size);
  WebPFree(bytes);
  return file;
}

std::vector<unsigned char> exif_block(int orientation) {
  const auto value = static_cast<unsigned char>(orientation);
  return {'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42,    0, 0, 0, 8, 0, 1,
          1,   18,  0,   3,   0, 0, 0,   1,   0, value, 0, 0, 0, 0, 0, 0};
}

double mean_difference(const Image& a, const Image& b) {
  if (a.width != b.width || a.height != b.height) return 255;
  double sum = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / static_cast<double>(a.pixels.size());
}

}  // namespace ridgeline::test
