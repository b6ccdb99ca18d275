#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <optional>

// jpeglib.h needs cstdio before it.
#include <jerror.h>
#include <jpeglib.h>

#include "accuracy/images/codecs.h"

namespace ridgeline {
namespace {

/// Progressive files of a few bytes can announce scans without end.
constexpr int kMostScans = 500;

/// libjpeg reports by jumping, so what the jump passes over has no destructors; the message waits
/// here.
struct JpegErrors {
  jpeg_error_mgr manager;  // first: libjpeg hands back a pointer to it
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void jump_out(j_common_ptr info) {
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  info->err->format_message(info, errors->message);
  std::longjmp(errors->jump, 1);
}

/// Warnings for data that is missing or wrong end the decoding; others (stray bytes between
/// markers) do not touch the pixels.
void judge_warning(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_BOGUS_PROGRESSION:
      jump_out(info);
    default:
      ++info->err->num_warnings;
  }
}

void limit_scans(j_common_ptr info) {
  auto* jpeg = reinterpret_cast<j_decompress_ptr>(info);
  if (jpeg->input_scan_number <= kMostScans) return;
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  std::snprintf(errors->message, sizeof errors->message, "more than %d scans", kMostScans);
  std::longjmp(errors->jump, 1);
}

struct Decompressor {
  jpeg_decompress_struct info{};
  JpegErrors errors{};
  jpeg_progress_mgr progress{};

  Decompressor() {
    info.err = jpeg_std_error(&errors.manager);
    errors.manager.error_exit = jump_out;
    errors.manager.emit_message = judge_warning;
    progress.progress_monitor = limit_scans;
  }
  ~Decompressor() { jpeg_destroy_decompress(&info); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  /// Runs `step`, which may jump out of libjpeg: it owns nothing.
  template <class Step>
  void run(const Step& step) {
    if (setjmp(errors.jump) != 0) {
      refuse_image("damaged JPEG: " + std::string(errors.message));
    }
    step();
  }

  void open(std::string_view file) {
    run([&] {
      jpeg_create_decompress(&info);
      info.progress = &progress;
      jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(file.data()),
                   static_cast<unsigned long>(file.size()));
      jpeg_save_markers(&info, JPEG_APP0 + 1, 0xFFFF);
      jpeg_read_header(&info, TRUE);
    });
  }
};

/// The number of `bytes` bytes at `at`, in the byte order of the EXIF block.
std::optional<unsigned> exif_number(std::string_view exif, size_t at, size_t bytes, bool little) {
  if (at > exif.size() || bytes > exif.size() - at) return std::nullopt;
  unsigned value = 0;
  for (size_t i = 0; i < bytes; ++i) {
    const size_t k = little ? bytes - 1 - i : i;
    value = value << 8 | static_cast<unsigned char>(exif[at + k]);
  }
  return value;
}

/// The orientation in an APP1 marker; 1 where it says none.
int exif_orientation(std::string_view marker) {
  constexpr std::string_view kExif("Exif\0\0", 6);
  constexpr unsigned kOrientation = 0x0112;
  if (!marker.starts_with(kExif)) return 1;
  const std::string_view exif = marker.substr(kExif.size());
  const bool little = exif.starts_with("II");
  const auto directory = exif_number(exif, 4, 4, little);
  if (!directory) return 1;
  const auto entries = exif_number(exif, *directory, 2, little);
  for (unsigned i = 0; entries && i < *entries; ++i) {
    const size_t entry = size_t{*directory} + 2 + 12 * size_t{i};
    const auto tag = exif_number(exif, entry, 2, little);
    const auto value = exif_number(exif, entry + 8, 2, little);
    if (!tag || !value) return 1;
    if (*tag == kOrientation) return *value >= 1 && *value <= 8 ? static_cast<int>(*value) : 1;
  }
  return 1;
}

/// As Pillow: c' = (255 - c)(255 - k) / 255. Adobe's files hold the complements already.
void convert_cmyk_row(const uint8_t* cmyk, int width, bool complements, uint8_t* rgb) {
  for (int x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    const int light = complements ? cmyk[3] : 255 - cmyk[3];
    for (int c = 0; c < 3; ++c) {
      const int ink = complements ? cmyk[c] : 255 - cmyk[c];
      rgb[c] = static_cast<uint8_t>((ink * light + 127) / 255);
    }
  }
}

}  // namespace

ImageHead read_jpeg_head(std::string_view file) {
  Decompressor jpeg;
  jpeg.open(file);
  ImageHead head{.format = ImageFormat::kJpeg,
                 .width = static_cast<int>(jpeg.info.image_width),
                 .height = static_cast<int>(jpeg.info.image_height)};
  for (auto* marker = jpeg.info.marker_list; marker != nullptr; marker = marker->next) {
    const int orientation = exif_orientation(
        {reinterpret_cast<const char*>(marker->data), size_t{marker->data_length}});
    if (orientation != 1) head.orientation = orientation;
  }
  if (jpeg.info.num_components == 1) head.conversions.emplace_back("grey");
  if (jpeg.info.num_components == 4) head.conversions.emplace_back("CMYK");
  return head;
}

DecodedPart decode_jpeg(std::string_view file, const PixelBox& box, int shrink) {
  Decompressor jpeg;
  jpeg.open(file);
  auto& info = jpeg.info;
  const bool cmyk = info.num_components == 4;
  info.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
  info.scale_num = 1;
  info.scale_denom = static_cast<unsigned>(shrink);
  JDIMENSION left = 0, width = 0, top = 0, rows = 0;
  jpeg.run([&] {
    jpeg_start_decompress(&info);
    left = static_cast<JDIMENSION>(box.x / shrink);
    top = static_cast<JDIMENSION>(box.y / shrink);
    width = std::min(static_cast<JDIMENSION>((box.x + box.width + shrink - 1) / shrink),
                     info.output_width) -
            left;
    rows = std::min(static_cast<JDIMENSION>((box.y + box.height + shrink - 1) / shrink),
                    info.output_height) -
           top;
    // Moves `left` to the border of a block.
    if (width < info.output_width) jpeg_crop_scanline(&info, &left, &width);
    if (top > 0) jpeg_skip_scanlines(&info, top);
  });
  DecodedPart part{
      .image = Image(static_cast<int>(info.output_width), static_cast<int>(rows)),
      .box = {static_cast<double>(box.x) / shrink - left, static_cast<double>(box.y) / shrink - top,
              static_cast<double>(box.width) / shrink, static_cast<double>(box.height) / shrink}};
  std::vector<uint8_t> inks(cmyk ? size_t{info.output_width} * 4 : 0);
  const bool whole = top + rows == info.output_height;
  jpeg.run([&] {
    while (info.output_scanline < top + rows) {
      uint8_t* row = part.image.row(static_cast<int>(info.output_scanline - top));
      uint8_t* target = cmyk ? inks.data() : row;
      jpeg_read_scanlines(&info, &target, 1);
      if (cmyk) convert_cmyk_row(inks.data(), part.image.width, info.saw_Adobe_marker == TRUE, row);
    }
    if (whole) jpeg_finish_decompress(&info);
  });
  return part;
}

}  // namespace ridgeline
