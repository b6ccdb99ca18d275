#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <vector>

#include "accuracy/images/codecs.h"

namespace ridgeline {
namespace {

/// What libpng's callbacks share. libpng reports by jumping, so what the jump passes over has no
/// destructors.
struct PngSource {
  std::string_view file;
  size_t at = 0;
  char message[128] = "";
};

void read_bytes(png_structp png, png_bytep out, size_t count) {
  auto* source = static_cast<PngSource*>(png_get_io_ptr(png));
  if (count > source->file.size() - source->at) png_error(png, "truncated");
  std::memcpy(out, source->file.data() + source->at, count);
  source->at += count;
}

[[noreturn]] void jump_out(png_structp png, png_const_charp message) {
  auto* source = static_cast<PngSource*>(png_get_error_ptr(png));
  std::snprintf(source->message, sizeof source->message, "%s", message);
  png_longjmp(png, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

class PngReader {
 public:
  explicit PngReader(std::string_view file) : source_{.file = file} {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source_, jump_out, ignore_warning);
    if (png != nullptr) info = png_create_info_struct(png);
    if (info == nullptr) {
      png_destroy_read_struct(&png, nullptr, nullptr);
      throw std::bad_alloc();
    }
    png_set_read_fn(png, &source_, read_bytes);
  }
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  /// Runs `step`, which may jump out of libpng: it owns nothing.
  template <class Step>
  void run(const Step& step) {
    if (setjmp(png_jmpbuf(png)) != 0) refuse_image("damaged PNG: " + std::string(source_.message));
    step();
  }

  png_structp png = nullptr;
  png_infop info = nullptr;

 private:
  PngSource source_;
};

/// Whether the chunks before the pixels announce an animation (APNG).
bool is_animated(std::string_view file) {
  const size_t pixels = file.find("IDAT");
  return file.substr(0, pixels).find("acTL") != std::string_view::npos;
}

}  // namespace

ImageHead read_png_head(std::string_view file) {
  if (is_animated(file)) refuse_image("animated PNG");
  PngReader reader(file);
  reader.run([&] { png_read_info(reader.png, reader.info); });
  ImageHead head{.format = ImageFormat::kPng,
                 .width = static_cast<int>(png_get_image_width(reader.png, reader.info)),
                 .height = static_cast<int>(png_get_image_height(reader.png, reader.info))};
  const auto type = png_get_color_type(reader.png, reader.info);
  if (type == PNG_COLOR_TYPE_PALETTE) head.conversions.emplace_back("palette");
  if (type == PNG_COLOR_TYPE_GRAY || type == PNG_COLOR_TYPE_GRAY_ALPHA)
    head.conversions.emplace_back("grey");
  if (png_get_bit_depth(reader.png, reader.info) == 16) head.conversions.emplace_back("16 bits");
  if ((type & PNG_COLOR_MASK_ALPHA) != 0 ||
      png_get_valid(reader.png, reader.info, PNG_INFO_tRNS) != 0)
    head.conversions.emplace_back("transparency dropped");
  return head;
}

Image decode_png(std::string_view file) {
  PngReader reader(file);
  png_structp png = reader.png;
  reader.run([&] {
    png_read_info(png, reader.info);
    png_set_palette_to_rgb(png);
    png_set_expand_gray_1_2_4_to_8(png);
    png_set_scale_16(png);
    png_set_gray_to_rgb(png);
    png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, reader.info);
  });
  Image image(static_cast<int>(png_get_image_width(png, reader.info)),
              static_cast<int>(png_get_image_height(png, reader.info)));
  if (png_get_rowbytes(png, reader.info) != image.row_bytes())
    refuse_image("damaged PNG: its rows are not of three channels");
  std::vector<png_bytep> rows;
  for (int y = 0; y < image.height; ++y) rows.push_back(image.row(y));
  reader.run([&] {
    png_read_image(png, rows.data());
    png_read_end(png, nullptr);
  });
  return image;
}

}  // namespace ridgeline
