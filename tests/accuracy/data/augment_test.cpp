#include <ATen/ATen.h>

#include "accuracy/data/augment.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;

namespace {

/// Leaves bytes as they are: white is 255.
const Normalization kUnit{{0, 0, 0}, {1 / 255.0, 1 / 255.0, 1 / 255.0}};

ImageSet random_images(int count, int side, int channels) {
  ImageSet set{side, side, channels, {}, std::vector<int>(static_cast<size_t>(count), 0)};
  RandomStream stream(3);
  for (size_t i = 0; i < static_cast<size_t>(count) * set.image_bytes(); ++i) {
    set.pixels.push_back(static_cast<uint8_t>(stream.below(256)));
  }
  return set;
}

}  // namespace

TEST_CASE("Normalisation is the mean and deviation of each channel, of pixels from 0 to 1") {
  // Two pixels of three channels: (0, 51, 5), (255, 153, 5).
  const ImageSet set{1, 2, 3, {0, 51, 5, 255, 153, 5}, {0}};
  const Normalization n = normalization_of(set);
  CHECK(n == Normalization{{0.5, 0.4, 0.0196}, {0.5, 0.2, 0.0039}});  // constant: one byte
  CHECK(to_text(n) == "{mean: [0.5, 0.4, 0.0196], std: [0.5, 0.2, 0.0039]}");
  CHECK(read_config<Normalization>(YamlView::parse(to_text(n), "text")) == n);
}

TEST_CASE("A batch is what the printed normalisation makes of pixels from 0 to 1") {
  const ImageSet set = random_images(5, 4, 3);
  const Normalization n = normalization_of(set);
  const Batch batch = BatchMaker(set, n, 3, 4).plain({0, 1, 2, 3, 4});
  for (int64_t c = 0; c < 3; ++c) {
    for (int64_t pixel = 0; pixel < 16; ++pixel) {
      const double byte = set.image(2)[3 * pixel + c];
      const auto channel = static_cast<size_t>(c);
      CHECK(batch.images[2][c].reshape({16})[pixel].item<float>() ==
            Approx((byte / 255 - n.mean[channel]) / n.deviation[channel]).margin(1e-5));
    }
  }
}

TEST_CASE("Channels stay apart, and a batch is channels last") {
  const ImageSet column{2, 1, 3, {1, 2, 3, 4, 6, 11}, {0}};
  const Batch batch =
      BatchMaker(column, {{1 / 255.0, 2 / 255.0, 3 / 255.0}, {1 / 255.0, 2 / 255.0, 4 / 255.0}}, 3,
                 2)
          .plain({0});
  // Rows 0 and 1 of the only column; widened to two equal columns.
  CHECK(batch.images.sizes() == at::IntArrayRef({1, 3, 2, 2}));
  CHECK(batch.images.is_contiguous(at::MemoryFormat::ChannelsLast));
  CHECK(batch.images[0][0][1][0].item<float>() == Approx(3));
  CHECK(batch.images[0][1][1][1].item<float>() == Approx(2));
  CHECK(batch.images[0][2][1][0].item<float>() == Approx(2));
  CHECK(batch.images[0][2][0][0].item<float>() == Approx(0));
}

TEST_CASE("Grey images are repeated for a network of three channels") {
  const ImageSet set = random_images(1, 4, 1);
  const Batch batch = BatchMaker(set, kUnit, 3, 4).plain({0});
  REQUIRE(batch.images.size(1) == 3);
  CHECK(at::equal(batch.images.select(1, 0), batch.images.select(1, 2)));
  CHECK(batch.images[0][1][0][1].item<float>() == Approx(set.pixels[1]));
}

TEST_CASE("A grey image gets a colour normalisation channel by channel") {
  const ImageSet grey{1, 2, 1, {51, 204}, {0}};  // 0.2 and 0.8
  const BatchMaker maker(grey, {{0.1, 0.2, 0.3}, {1, 0.5, 0.25}}, 3, 2);
  const at::Tensor images = maker.plain({0}).images;
  for (int c = 0; c < 3; ++c) {
    const double mean = 0.1 * (c + 1), deviation = c == 0 ? 1 : c == 1 ? 0.5 : 0.25;
    CHECK(images[0][c][0][0].item<float>() == Approx((0.2 - mean) / deviation).margin(1e-6));
  }
}

TEST_CASE("Other differences of channels are refused") {
  const ImageSet grey = random_images(1, 4, 1), colour = random_images(1, 4, 3);
  CHECK_THAT(error_of([&] { BatchMaker(colour, kUnit, 1, 4); }),
             Contains("input_channels: 1 does not fit images of 3 channels: it must be 3"));
  CHECK_THAT(error_of([&] { BatchMaker(grey, kUnit, 2, 4); }), Contains("1 or 3 (grey, repeated)"));
}

TEST_CASE("Halving the resolution averages, and a constant image stays constant") {
  ImageSet set{4, 4, 1, std::vector<uint8_t>(16, 80), {0}};
  const Batch flat = BatchMaker(set, kUnit, 1, 7).plain({0});
  CHECK(flat.images.sizes() == at::IntArrayRef({1, 1, 7, 7}));
  CHECK(at::allclose(flat.images, at::full({1, 1, 7, 7}, 80.0F)));
  set.pixels.assign({0, 0, 0, 0, 0, 0, 0, 0, 200, 200, 200, 200, 200, 200, 200, 200});
  const Batch half = BatchMaker(set, kUnit, 1, 2).plain({0});
  // The triangle filter of a halving spans four rows with weights 1/7, 3/7, 3/7 at the border.
  CHECK(half.images[0][0][0][0].item<float>() == Approx(200.0 / 7).epsilon(1e-4));
  CHECK(half.images[0][0][1][1].item<float>() == Approx(200.0 * 6 / 7).epsilon(1e-4));
}

TEST_CASE("Without changes an augmented batch is the plain one") {
  const ImageSet set = random_images(3, 6, 3);
  const BatchMaker maker(set, kUnit, 3, 6);
  RandomStream stream(1);
  const Batch augmented = maker.augmented({2, 0}, {}, stream);
  CHECK(at::equal(augmented.images, maker.plain({2, 0}).images));
}

TEST_CASE("Flips mirror about half of the images and nothing else") {
  const ImageSet set = random_images(64, 4, 1);
  const BatchMaker maker(set, kUnit, 1, 4);
  std::vector<int> all(64);
  for (int i = 0; i < 64; ++i) all[static_cast<size_t>(i)] = i;
  RandomStream stream(1);
  const at::Tensor plain = maker.plain(all).images;
  const at::Tensor flipped = maker.augmented(all, {.flip = true}, stream).images;
  int mirrored = 0;
  for (int i = 0; i < 64; ++i) {
    const bool same = at::equal(flipped[i], plain[i]);
    CHECK((same || at::equal(flipped[i], plain[i].flip(2))));
    mirrored += same ? 0 : 1;
  }
  CHECK(mirrored > 16);
  CHECK(mirrored < 48);
}

TEST_CASE("Crops shift by whole pixels and fill with the mean colour") {
  const ImageSet set{3, 3, 1, {11, 12, 13, 14, 15, 16, 17, 18, 19}, {0}};
  const BatchMaker maker(set, {{10 / 255.0}, {1 / 255.0}}, 1, 3);
  const at::Tensor plain = maker.plain({0}).images[0][0];
  RandomStream stream(2);
  bool moved = false;
  for (int trial = 0; trial < 20; ++trial) {
    const at::Tensor view = maker.augmented({0}, {.crop_padding = 1}, stream).images[0][0];
    bool explained = false;
    for (int down = -1; down <= 1; ++down) {
      for (int right = -1; right <= 1; ++right) {
        at::Tensor expected = at::zeros({3, 3});
        for (int y = 0; y < 3; ++y) {
          for (int x = 0; x < 3; ++x) {
            const int from_y = y + down, from_x = x + right;
            if (from_y < 0 || from_y > 2 || from_x < 0 || from_x > 2) continue;
            expected[y][x] = plain[from_y][from_x];
          }
        }
        explained = explained || at::equal(view, expected);
      }
    }
    CHECK(explained);
    moved = moved || !at::equal(view, plain);
  }
  CHECK(moved);
}

TEST_CASE("Augmentation is the same for the same stream and differs for another") {
  const ImageSet set = random_images(16, 8, 3);
  const BatchMaker maker(set, kUnit, 3, 8);
  const std::vector<int> indices{0, 1, 2, 3, 4, 5, 6, 7};
  const Augmentation augmentation{.flip = true, .crop_padding = 2};
  const auto draw = [&](uint64_t trial) {
    RandomStream stream(1, trial, "augmentation");
    return maker.augmented(indices, augmentation, stream).images;
  };
  CHECK(at::equal(draw(5), draw(5)));
  CHECK_FALSE(at::equal(draw(5), draw(6)));
}

TEST_CASE("Labels follow the indices") {
  const ImageSet set{1, 1, 1, {0, 0, 0}, {4, 5, 6}};
  const Batch batch = BatchMaker(set, kUnit, 1, 1).plain({2, 0});
  CHECK(batch.labels[0].item<int64_t>() == 6);
  CHECK(batch.labels[1].item<int64_t>() == 4);
}
