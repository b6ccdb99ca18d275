#include "accuracy/images/randaugment.h"

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "accuracy/images/encode_png.h"
#include "accuracy/images/random_crop.h"
#include "core/file.h"
#include "tests/accuracy/images/made_images.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

PixelView view_of(Image& image) {
  return {.pixels = image.pixels.data(), .width = image.width, .height = image.height};
}

}  // namespace

TEST_CASE("Operations on a row of grey pixels do what their names say") {
  const auto after = [](AugmentOperation operation, double amount) {
    std::vector<uint8_t> row{10, 60, 110, 210};
    apply(operation, amount, {row.data(), 4, 1, 1});
    return row;
  };
  using enum AugmentOperation;
  using Row = std::vector<uint8_t>;
  CHECK(after(kIdentity, 0) == Row{10, 60, 110, 210});
  CHECK(after(kTranslateX, 1) == Row{0, 10, 60, 110});
  CHECK(after(kTranslateX, -2) == Row{110, 210, 0, 0});
  CHECK(after(kRotate, 180) == Row{210, 110, 60, 10});
  CHECK(after(kBrightness, 0.5) == Row{15, 90, 165, 255});
  CHECK(after(kSolarize, 100) == Row{10, 60, 145, 45});
  CHECK(after(kPosterize, 1) == Row{0, 0, 0, 128});
  CHECK(after(kAutoContrast, 0) == Row{0, 63, 127, 255});
  CHECK(after(kContrast, -1) == Row{98, 98, 98, 98});  // the mean, 97.5
}

TEST_CASE("RandAugment depends on its stream alone, and magnitude 0 changes little") {
  const auto augmented = [](uint64_t key, int magnitude) {
    Image image = made_picture(40, 40, 1);
    RandomStream stream(key);
    rand_augment(view_of(image), 2, magnitude, stream);
    return image;
  };
  CHECK(augmented(5, 9).pixels == augmented(5, 9).pixels);
  int different = 0;
  for (uint64_t key = 0; key < 20; ++key)
    different += augmented(key, 9).pixels != augmented(key + 20, 9).pixels ? 1 : 0;
  CHECK(different > 10);
}

TEST_CASE("Random crops lie in the image and have the areas asked for") {
  RandomStream stream(3);
  double smallest = 1;
  for (int i = 0; i < 2000; ++i) {
    const PixelBox box = draw_crop(120, 80, 0.25, stream);
    CHECK((box.x >= 0 && box.y >= 0 && box.x + box.width <= 120 && box.y + box.height <= 80));
    smallest = std::min(smallest, box.width * box.height / 9600.0);
  }
  CHECK(smallest > 0.24);
  CHECK(smallest < 0.3);
  const PixelBox strip = draw_crop(1000, 10, 1, stream);  // no such sides fit: the middle
  CHECK(strip.width == 13);
  CHECK(strip.x == 493);
}

TEST_CASE("Every operation is torchvision's", "[process]") {
  const std::string python = python_with("torchvision");
  const TempFolder folder;
  Image picture = made_picture(64, 48, 3);
  write_file_atomic(folder / "in.png", encode_png(picture));
  const std::vector<std::pair<AugmentOperation, double>> cases{
      {AugmentOperation::kShearX, 0.17},   {AugmentOperation::kShearY, -0.17},
      {AugmentOperation::kTranslateX, 9},  {AugmentOperation::kTranslateY, -7},
      {AugmentOperation::kRotate, 20},     {AugmentOperation::kBrightness, 0.4},
      {AugmentOperation::kColor, -0.5},    {AugmentOperation::kContrast, 0.5},
      {AugmentOperation::kSharpness, 0.8}, {AugmentOperation::kPosterize, 4},
      {AugmentOperation::kSolarize, 120},  {AugmentOperation::kAutoContrast, 0},
      {AugmentOperation::kEqualize, 0}};
  std::string script =
      "from PIL import Image\n"
      "from torchvision.transforms.autoaugment import _apply_op\n"
      "from torchvision.transforms import InterpolationMode as M\n"
      "a = Image.open('in.png')\n";
  for (const auto& [operation, amount] : cases) {
    const std::string name = enum_name(operation);
    script += "open('" + name + "', 'wb').write(_apply_op(a, '" + name + "', " +
              std::to_string(amount) + ", M.NEAREST, None).tobytes())\n";
  }
  std::ofstream(folder / "make.py") << script;
  REQUIRE(std::system(
              ("cd " + folder.path().string() + " && " + python + " make.py 2> err.txt").c_str()) ==
          0);
  for (const auto& [operation, amount] : cases) {
    INFO(enum_name(operation));
    Image ours = picture, theirs = picture;
    apply(operation, amount, view_of(ours));
    const std::string raw = read_file(folder / enum_name(operation));
    REQUIRE(raw.size() == theirs.pixels.size());
    std::copy(raw.begin(), raw.end(), theirs.pixels.begin());
    CHECK(mean_difference(ours, theirs) < 1);
  }
}
