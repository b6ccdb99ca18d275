#include "accuracy/images/resize.h"

#include <cstdlib>
#include <fstream>

#include "core/file.h"
#include "tests/accuracy/images/made_images.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

TEST_CASE("Resizing keeps a constant image, and the same size keeps every image") {
  Image flat(7, 5);
  std::fill(flat.pixels.begin(), flat.pixels.end(), uint8_t{93});
  const Image picture = made_picture(40, 30, 1);
  for (const auto kind : {Interpolation::kBilinear, Interpolation::kBicubic}) {
    for (const auto& [width, height] : {std::pair{3, 2}, {20, 11}, {7, 5}}) {
      for (const uint8_t value : resize(flat, width, height, kind).pixels) CHECK(value == 93);
    }
    CHECK(resize(picture, 40, 30, kind).pixels == picture.pixels);
  }
}

TEST_CASE("Halving by the triangle filter weighs four neighbours 1, 3, 3, 1") {
  const uint8_t row[8] = {0, 0, 80, 0, 0, 0, 0, 0};
  uint8_t out[4];
  resize(row, 8, 1, 1, {0, 0, 8, 1}, 4, 1, Interpolation::kBilinear, out);
  // The first cell has only three neighbours: 3, 3, 1 of 7.
  CHECK(int{out[0]} == 11);
  CHECK(int{out[1]} == 30);
  CHECK(int{out[2]} == 0);
}

TEST_CASE("A box of the source is what a copy of that part would give") {
  const Image picture = made_picture(64, 48, 2);
  Image part(32, 24);
  for (int y = 0; y < 24; ++y) std::copy_n(picture.row(y + 24) + 3 * 32, 96, part.row(y));
  const Image a = resize(picture, {32, 24, 32, 24}, 16, 12, Interpolation::kBilinear);
  const Image b = resize(part, 16, 12, Interpolation::kBilinear);
  // But for the first row and column, whose filter sees the pixels before the box.
  for (int y = 1; y < 12; ++y) {
    for (int x = 3; x < 48; ++x) CHECK(a.row(y)[x] == b.row(y)[x]);
  }
}

TEST_CASE("Bilinear and bicubic resizing are torchvision's of Pillow images", "[process]") {
  const std::string python = python_with("torchvision");
  const TempFolder folder;
  const Image picture = made_picture(211, 157, 3);
  std::ofstream(folder / "in.raw", std::ios::binary)
      .write(reinterpret_cast<const char*>(picture.pixels.data()),
             static_cast<std::streamsize>(picture.pixels.size()));
  struct Case {
    int width, height;
    Interpolation kind;
  };
  std::vector<Case> cases;
  std::string script =
      "import torchvision.transforms.functional as F\n"
      "from torchvision.transforms import InterpolationMode as M\n"
      "from PIL import Image\n"
      "a = Image.frombytes('RGB', (211, 157), open('in.raw', 'rb').read())\n";
  for (const auto kind : {Interpolation::kBilinear, Interpolation::kBicubic}) {
    for (const auto& [width, height] :
         {std::pair{96, 96}, {64, 200}, {300, 224}, {1, 1}, {17, 5}}) {
      script += "open('" + std::to_string(cases.size()) + ".raw', 'wb').write(F.resize(a, [" +
                std::to_string(height) + ", " + std::to_string(width) + "], M." +
                (kind == Interpolation::kBilinear ? "BILINEAR" : "BICUBIC") + ").tobytes())\n";
      cases.push_back({width, height, kind});
    }
  }
  std::ofstream(folder / "resize.py") << script;
  REQUIRE(std::system(("cd " + folder.path().string() + " && " + python + " resize.py 2> err.txt")
                          .c_str()) == 0);
  for (size_t i = 0; i < cases.size(); ++i) {
    const std::string raw = read_file(folder / (std::to_string(i) + ".raw"));
    Image theirs(cases[i].width, cases[i].height);
    REQUIRE(raw.size() == theirs.pixels.size());
    std::copy(raw.begin(), raw.end(), theirs.pixels.begin());
    INFO("case " << i);
    CHECK(mean_difference(resize(picture, cases[i].width, cases[i].height, cases[i].kind),
                          theirs) <= 0.01);
  }
}
