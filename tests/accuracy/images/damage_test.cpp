#include <map>

#include "accuracy/images/decode.h"
#include "accuracy/images/encode_png.h"
#include "core/error.h"
#include "core/random.h"
#include "tests/accuracy/images/made_images.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// A small file of each format.
std::map<std::string, std::string> sound_files() {
  const Image picture = made_picture(37, 29, 9);
  return {{"jpeg", made_jpeg(picture)},
          {"progressive jpeg", made_jpeg(picture, {.progressive = true})},
          {"exif jpeg", made_jpeg(picture, {.app1 = exif_block(6)})},
          {"cmyk jpeg", made_jpeg(picture, {.cmyk = true})},
          {"png", encode_png(picture)},
          {"lossy webp", made_webp(picture, false)},
          {"lossless webp", made_webp(picture, true)}};
}

/// Decodes in every way; true where an image came out. Anything but an `Error` fails the test.
bool survives(const std::string& file) {
  const ChooseBox middle = [](int width, int height) {
    return PixelBox{width / 4, height / 4, (width + 1) / 2, (height + 1) / 2};
  };
  try {
    decode_resized(file, middle, 3, 3, Interpolation::kBicubic);
  } catch (const Error&) {
  }
  try {
    const Image image = decode_image(file);
    return !image.pixels.empty();
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

TEST_CASE("A truncated image file of any format is refused at any length") {
  for (const auto& [name, file] : sound_files()) {
    REQUIRE(survives(file));
    const size_t step = std::max<size_t>(1, file.size() / 150);
    for (size_t length = 0; length + 1 < file.size(); length += step) {
      INFO(name << " cut to " << length << " of " << file.size());
      CHECK_FALSE(survives(file.substr(0, length)));
    }
  }
}

TEST_CASE("Flipped bits in an image file give an image or an error, never a crash") {
  RandomStream stream(11);
  for (const auto& [name, file] : sound_files()) {
    int refused = 0;
    for (int trial = 0; trial < 300; ++trial) {
      std::string damaged = file;
      for (int flips = 1 + stream.below(3); flips > 0; --flips) {
        // Heads are the more dangerous half: sizes, tables, offsets.
        const size_t range = stream.below(2) == 0 ? std::min<size_t>(64, file.size()) : file.size();
        char& byte = damaged[static_cast<size_t>(stream.below(static_cast<int>(range)))];
        byte = static_cast<char>(byte ^ (1 << stream.below(8)));
      }
      refused += survives(damaged) ? 0 : 1;
    }
    INFO(name);
    CHECK(refused > 0);
  }
}
