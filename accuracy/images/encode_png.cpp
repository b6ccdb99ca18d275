#include "accuracy/images/encode_png.h"

#include <png.h>

#include "core/error.h"

namespace ridgeline {

std::string encode_png(const Image& image) {
  png_image head{};
  head.version = PNG_IMAGE_VERSION;
  head.width = static_cast<png_uint_32>(image.width);
  head.height = static_cast<png_uint_32>(image.height);
  head.format = PNG_FORMAT_RGB;
  png_alloc_size_t bytes = 0;
  std::string file;
  const auto write = [&](void* out) {
    return png_image_write_to_memory(&head, out, &bytes, 0, image.pixels.data(), 0, nullptr) != 0;
  };
  bool written = write(nullptr);  // says how long it becomes
  file.resize(bytes);
  written = written && write(file.data());
  if (!written) throw Error(ErrorKind::kInternal, std::string("PNG: ") + head.message);
  return file;
}

}  // namespace ridgeline
