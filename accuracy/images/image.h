#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ridgeline {

/// Colour pixels, [height, width, 3] bytes, red first.
struct Image {
  int width = 0, height = 0;
  std::vector<uint8_t> pixels;

  Image() = default;
  Image(int w, int h) : width(w), height(h), pixels(size_of(w, h)) {}
  static size_t size_of(int w, int h) {
    return static_cast<size_t>(w) * static_cast<size_t>(h) * 3;
  }
  size_t row_bytes() const { return static_cast<size_t>(width) * 3; }
  uint8_t* row(int y) { return pixels.data() + static_cast<size_t>(y) * row_bytes(); }
  const uint8_t* row(int y) const { return pixels.data() + static_cast<size_t>(y) * row_bytes(); }
};

/// A rectangle of an image, in pixels.
struct PixelBox {
  int x = 0, y = 0, width = 0, height = 0;
};

}  // namespace ridgeline
