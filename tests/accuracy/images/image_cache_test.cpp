#include "accuracy/images/image_cache.h"

#include <fstream>

#include "accuracy/images/decode.h"
#include "accuracy/images/encode_png.h"
#include "core/file.h"
#include "tests/accuracy/images/made_images.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

/// Two classes with files of all formats, one of them broken.
class PictureFolder {
 public:
  PictureFolder() {
    put("a/1.jpg", made_jpeg(made_picture(80, 60, 1)));
    put("a/2.png", encode_png(made_picture(50, 70, 2)));
    put("b/broken.jpg", made_jpeg(made_picture(80, 60, 3)).substr(0, 500));
    put("b/wrong.png", made_webp(made_picture(90, 40, 4), true));
  }
  void put(const std::string& name, const std::string& content) const {
    make_folder((folder_ / "images" / name).parent_path());
    write_file_atomic(folder_ / "images" / name, content);
  }
  std::shared_ptr<const ImageCache> open() const {
    return ImageCache::open(scan_image_folder(folder_ / "images"),
                            {.folder = folder_ / "cache", .side = 32, .progress = false});
  }
  fs::path file() const { return open()->path(); }

 private:
  TempFolder folder_;
};

}  // namespace

TEST_CASE("A cache holds the middle of every image, and what was wrong with which file") {
  const PictureFolder folder;
  const auto cache = folder.open();
  const auto& images = cache->images();
  REQUIRE(images.size() == 4);
  CHECK(cache->side() == 32);
  CHECK(images[0].width == 80);
  CHECK(images[0].height == 60);
  CHECK(images[2].path == "b/broken.jpg");
  CHECK_THAT(images[2].problem, Contains("damaged JPEG"));
  CHECK(images[3].problem.empty());
  CHECK(images[3].conversions == "WebP named .png");
  CHECK(images[3].label == 1);
  const Image expected =
      resize(made_picture(50, 70, 2), {0, 10, 50, 50}, 32, 32, Interpolation::kBilinear);
  CHECK(std::equal(expected.pixels.begin(), expected.pixels.end(), cache->pixels(1)));
  uint64_t green = 0;
  for (size_t i = 1; i < expected.pixels.size(); i += 3) green += expected.pixels[i];
  CHECK(images[1].sum[1] == green);
}

TEST_CASE("A cache is built once, and again when the folder changes") {
  const PictureFolder folder;
  const auto first = folder.open();
  const auto built = fs::last_write_time(first->path());
  CHECK(fs::last_write_time(folder.file()) == built);
  folder.put("a/3.jpg", made_jpeg(made_picture(33, 33, 8)));
  const auto second = folder.open();
  CHECK(second->images().size() == 5);
  CHECK(second->path() == first->path());
  // Who has the old one open keeps it.
  CHECK(first->images().size() == 4);
  CHECK(first->pixels(0) != nullptr);
}

TEST_CASE("A damaged cache is built again or refused, and never believed") {
  const PictureFolder folder;
  const fs::path path = folder.file();
  const std::string sound = read_file(path);
  const auto overwrite = [&](const std::string& content) {
    fs::remove(path);
    std::ofstream(path, std::ios::binary) << content;
  };
  for (const size_t length : {size_t{0}, size_t{100}, size_t{5000}, sound.size() - 1}) {
    overwrite(sound.substr(0, length));
    CHECK(folder.open()->pixels(0) != nullptr);
    CHECK(read_file(path) == sound);
  }
  std::string torn = sound;
  torn[sound.size() - 3] ^= 1;  // in the index
  overwrite(torn);
  CHECK(folder.open()->images()[0].width == 80);
  torn = sound;
  torn[4096 + 5] ^= 1;  // a pixel of the first image
  overwrite(torn);
  const auto cache = folder.open();
  CHECK(cache->pixels(1) != nullptr);
  CHECK_THAT(error_of([&] { cache->pixels(0); }),
             Contains("the image cache is damaged at a/1.jpg"));
}
