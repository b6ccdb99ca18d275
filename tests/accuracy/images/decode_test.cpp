#include "accuracy/images/decode.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "accuracy/images/encode_png.h"
#include "core/file.h"
#include "tests/accuracy/images/made_images.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;

namespace {

ChooseBox whole_image() {
  return [](int width, int height) { return PixelBox{0, 0, width, height}; };
}

}  // namespace

TEST_CASE("PNG and lossless WebP give back every pixel, JPEG nearly") {
  const Image picture = made_picture(61, 43, 1);
  CHECK(decode_image(encode_png(picture)).pixels == picture.pixels);
  CHECK(decode_image(made_webp(picture, true)).pixels == picture.pixels);
  CHECK(mean_difference(decode_image(made_jpeg(picture)), picture) < 4);
  CHECK(mean_difference(decode_image(made_jpeg(picture, {.progressive = true})), picture) < 4);
  CHECK(mean_difference(decode_image(made_jpeg(picture, {.quality = 98, .cmyk = true})), picture) <
        4);
  CHECK(read_image_head(made_jpeg(picture, {.cmyk = true})).conversions ==
        std::vector<std::string>{"CMYK"});
}

TEST_CASE("An image is turned upright as EXIF says") {
  // Stored: red above green. Orientation 3 turns it by a half, 6 by a quarter clockwise.
  Image stored(32, 64);
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 32; ++x) stored.row(y)[3 * x + (y < 32 ? 0 : 1)] = 255;
  }
  const auto dominant = [&](int orientation, double across, double down) {
    const std::string file = made_jpeg(stored, {.quality = 98, .app1 = exif_block(orientation)});
    const Image image = decode_image(file);
    const ImageHead head = read_image_head(file);
    CHECK(image.width == head.width);
    CHECK(image.height == head.height);
    CHECK(head.width == (orientation >= 5 ? 64 : 32));
    const uint8_t* pixel = image.row(static_cast<int>(down * image.height)) +
                           3 * static_cast<int>(across * image.width);
    return pixel[0] > pixel[1] ? 'r' : 'g';
  };
  CHECK(dominant(1, 0.5, 0.1) == 'r');
  CHECK(dominant(2, 0.5, 0.1) == 'r');
  CHECK(dominant(3, 0.5, 0.1) == 'g');
  CHECK(dominant(4, 0.5, 0.1) == 'g');
  CHECK(dominant(5, 0.1, 0.5) == 'r');
  CHECK(dominant(6, 0.1, 0.5) == 'g');
  CHECK(dominant(7, 0.1, 0.5) == 'g');
  CHECK(dominant(8, 0.1, 0.5) == 'r');
}

TEST_CASE("A part of a JPEG decoded alone is that part of the whole") {
  const Image picture = made_picture(300, 260, 5);
  for (const bool progressive : {false, true}) {
    const std::string file = made_jpeg(picture, {.progressive = progressive});
    const Image whole = decode_image(file);
    for (const PixelBox box : {PixelBox{0, 0, 300, 260}, PixelBox{101, 57, 120, 90},
                               PixelBox{250, 200, 50, 60}, PixelBox{3, 1, 31, 259}}) {
      // No smaller than 1/2 of the box: not scaled while decoding.
      const int width = box.width * 2 / 3, height = box.height * 2 / 3;
      const Image part = decode_resized(
          file, [&](int, int) { return box; }, width, height, Interpolation::kBilinear);
      const SourceBox source{double(box.x), double(box.y), double(box.width), double(box.height)};
      CHECK(mean_difference(part, resize(whole, source, width, height, Interpolation::kBilinear)) <
            1);
    }
  }
}

TEST_CASE("Scaling in the DCT costs less than one step of a byte on average") {
  const Image picture = made_picture(500, 375, 7);
  const std::string file = made_jpeg(picture);
  const Image whole = decode_image(file);
  for (const int side : {24, 48, 96, 160}) {
    const Image scaled = decode_resized(file, whole_image(), side, side, Interpolation::kBilinear);
    CHECK(mean_difference(scaled, resize(whole, side, side, Interpolation::kBilinear)) < 1);
  }
}

TEST_CASE("What is no readable image is refused with the reason") {
  const auto why = [](const std::string& file) { return error_of([&] { decode_image(file); }); };
  CHECK_THAT(why(""), Contains("empty file"));
  CHECK_THAT(why("GIF89a......"), Contains("GIF file, not JPEG, PNG or WebP"));
  CHECK_THAT(why("hello, world, this is text"), Contains("not JPEG, PNG or WebP"));
  std::string huge = encode_png(Image(1, 1));
  huge[16 + 1] = 1;  // 65537 pixels wide, but its checksum tells
  CHECK_THAT(why(huge), Contains("damaged PNG"));
  std::string wide = made_jpeg(Image(16, 16));
  const size_t size = wide.find("\xFF\xC0") + 5;  // height and width, two bytes each
  for (size_t i = 0; i < 4; ++i) wide[size + i] = static_cast<char>(0x7F);
  CHECK_THAT(why(wide), Contains("huge: 32639 x 32639 pixels"));
}

TEST_CASE("Files of every kind are what Pillow makes of them", "[process]") {
  const std::string python = python_with("PIL");
  const TempFolder folder;
  const Image picture = made_picture(90, 70, 4);
  write_file_atomic(folder / "in.png", encode_png(picture));
  std::ofstream(folder / "make.py") << R"(
from PIL import Image
a = Image.open('in.png')
def save(name, image, **options):
    image.save(name, **options)
    b = Image.open(name)
    print(name)
    open(name + '.raw', 'wb').write(b.convert('RGB').tobytes())
save('rgb.jpg', a, quality=90)
save('grey.jpg', a.convert('L'), quality=90)
save('progressive.jpg', a, quality=80, progressive=True)
save('cmyk.jpg', a.convert('CMYK'), quality=95)
save('palette.png', a.quantize(64))
save('grey.png', a.convert('L'))
save('bits.png', a.convert('1'))
save('alpha.png', a.convert('RGBA'))
save('grey_alpha.png', a.convert('LA'))
save('lossy.webp', a, quality=80)
save('lossless.webp', a, lossless=True)
save('alpha.webp', a.convert('RGBA'), lossless=True)
# Pillow clips 16 bits of grey; the high byte is meant.
g = a.convert('L')
g16 = Image.frombytes('I;16', g.size, b''.join(bytes([128, v]) for v in g.tobytes()))
g16.save('grey16.png')
print('grey16.png')
open('grey16.png.raw', 'wb').write(g.convert('RGB').tobytes())
a.save('animated.png', save_all=True, append_images=[g.convert('RGB')])
a.save('animated.webp', save_all=True, append_images=[g.convert('RGB')])
)";
  REQUIRE(std::system(
              ("cd " + folder.path().string() + " && " + python + " make.py > names.txt 2> err.txt")
                  .c_str()) == 0);
  std::ifstream names(folder / "names.txt");
  int count = 0;
  for (std::string name; std::getline(names, name); ++count) {
    INFO(name);
    const Image ours = decode_image(read_file(folder / name));
    const std::string raw = read_file(folder / (name + ".raw"));
    Image theirs(90, 70);
    REQUIRE(raw.size() == theirs.pixels.size());
    std::copy(raw.begin(), raw.end(), theirs.pixels.begin());
    CHECK(mean_difference(ours, theirs) < 0.6);
  }
  CHECK(count == 13);
  for (const char* name : {"animated.png", "animated.webp"})
    CHECK_THAT(error_of([&] { decode_image(read_file(folder / name)); }), Contains("animated"));
}
