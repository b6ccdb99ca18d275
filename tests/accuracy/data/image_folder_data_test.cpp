#include "accuracy/data/image_folder_data.h"

#include <ATen/ATen.h>

#include "accuracy/data/augment.h"
#include "accuracy/images/encode_png.h"
#include "core/file.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;

namespace {

/// A picture of one colour, but for a darker left half.
std::string png(int width, int height, uint8_t red) {
  Image image(width, height);
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    const auto x = static_cast<int>(i / 3) % width;
    image.pixels[i] = static_cast<uint8_t>(x < width / 2 ? red / 2 : red);
    image.pixels[i + 1] = 50;
  }
  return encode_png(image);
}

struct Pictures {
  TempFolder folder;
  DataConfig config;

  Pictures() {
    config.kind = DataKind::kFolder;
    config.path = folder / "images";
    config.folder.cache = folder / "cache";
    config.folder.resolution = 28;
  }
  void put(const std::string& name, const std::string& content) const {
    make_folder((folder / "images" / name).parent_path());
    write_file_atomic(folder / "images" / name, content);
  }
};

}  // namespace

TEST_CASE("An image folder becomes a data set whose pixels stay in the cache") {
  const Pictures pictures;
  for (const char* name : {"cat", "dog"}) {
    for (int i = 0; i < 10; ++i) {
      pictures.put(std::string(name) + "/" + std::to_string(i) + ".png",
                   png(60 + i, 48, name[0] == 'c' ? 200 : 100));
    }
  }
  const Dataset data = load_dataset(pictures.config);
  CHECK(data.classes == 2);
  CHECK(data.class_names == std::vector<std::string>{"cat", "dog"});
  CHECK(data.train.size() == 16);
  CHECK(data.validation.size() == 4);
  CHECK(data.test.size() == 0);
  CHECK(data.train.height == 32);
  CHECK(data.train.seen_height() == 28);
  CHECK(data.train.pixels.empty());
  CHECK(data.validation.image(0)[1] == 50);
  const ImageSet all = concatenate(data.train, data.validation);
  CHECK(all.size() == 20);
  CHECK(all.image(17) == data.validation.image(1));
  CHECK(normalization_of(data.train).mean[1] == Approx(50 / 255.0).margin(1e-4));
}

TEST_CASE("Validation and test images of a folder are used as they are") {
  const Pictures pictures;
  for (const char* name : {"train/a/1.png", "train/a/2.png", "train/b/1.png", "train/b/2.png",
                           "val/b/1.png", "test/a/1.png", "test/b/1.png"})
    pictures.put(name, png(40, 40, 90));
  const Dataset data = load_dataset(pictures.config);
  CHECK(data.train.size() == 4);
  CHECK(data.validation.labels == std::vector<int>{1});
  CHECK(data.test.labels == std::vector<int>{0, 1});
}

TEST_CASE("Unreadable images stop, or are left out, as configured") {
  Pictures pictures;
  for (const char* name : {"a/1.png", "a/2.png", "b/1.png", "b/2.png"})
    pictures.put(name, png(40, 40, 90));
  pictures.put("a/torn.png", png(40, 40, 90).substr(0, 60));
  pictures.put("b/empty.jpg", "");
  CHECK_THAT(error_of([&] { load_dataset(pictures.config); }),
             Contains("2 images cannot be read: a/torn.png (damaged PNG") &&
                 Contains("b/empty.jpg (empty file)") && Contains("on_bad_image: skip"));
  pictures.config.folder.on_bad_image = BadImages::kSkip;
  CHECK(load_dataset(pictures.config).train.size() == 2);
  pictures.put("c/torn.png", "torn");
  CHECK_THAT(error_of([&] { load_dataset(pictures.config); }),
             Contains("class 'c' has no training image that can be read"));
}

TEST_CASE("Validation sees the middle, training random parts at the network's size") {
  const Pictures pictures;
  for (const char* name : {"a/1.png", "a/2.png", "b/1.png", "b/2.png"})
    pictures.put(name, png(64, 64, 200));
  const Dataset data = load_dataset(pictures.config);
  const Normalization unit{{0, 0, 0}, {1 / 255.0, 1 / 255.0, 1 / 255.0}};
  const BatchMaker maker(data.train, unit, 3, 28);
  const at::Tensor plain = maker.plain({0}).images;
  REQUIRE(plain.sizes() == at::IntArrayRef({1, 3, 28, 28}));
  CHECK(plain[0][0][5][0].item<float>() == 100);
  CHECK(plain[0][0][5][12].item<float>() == 100);
  CHECK(plain[0][0][5][15].item<float>() == 200);
  RandomStream stream(1);
  const std::vector<int> many(40, 0);
  const at::Tensor crops =
      maker.augmented(many, {.flip = true, .crop_min_area = 0.1}, stream).images;
  REQUIRE(crops.sizes() == at::IntArrayRef({40, 3, 28, 28}));
  CHECK(crops.select(1, 1).eq(50).all().item<bool>());
  const at::Tensor left = crops.select(1, 0).select(1, 5).select(1, 0);
  CHECK(left.eq(100).any().item<bool>());
  CHECK(left.eq(200).any().item<bool>());
}
