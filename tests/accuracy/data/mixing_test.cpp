#include "accuracy/data/mixing.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>
#include <numeric>

#include "accuracy/data/augment.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

const Normalization kBytes{{0, 0, 0}, {1 / 255.0, 1 / 255.0, 1 / 255.0}};

ImageSet noise(int count, int side) {
  ImageSet set{side, side, 3, {}, {}};
  RandomStream stream(3);
  for (int i = 0; i < count; ++i) set.labels.push_back(i);
  for (size_t i = 0; i < static_cast<size_t>(count) * set.image_bytes(); ++i)
    set.pixels.push_back(static_cast<uint8_t>(stream.below(256)));
  return set;
}

std::vector<int> first(int count) {
  std::vector<int> indices(static_cast<size_t>(count));
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

}  // namespace

TEST_CASE("Draws from Beta(a, a) have the mean and variance of that distribution") {
  for (const double alpha : {0.2, 1.0, 3.0}) {
    RandomStream stream(1);
    double sum = 0, squares = 0;
    constexpr int kCount = 20000;
    for (int i = 0; i < kCount; ++i) {
      const double x = draw_beta(alpha, stream);
      sum += x;
      squares += x * x;
    }
    const double mean = sum / kCount, variance = squares / kCount - mean * mean;
    CHECK(mean == Approx(0.5).margin(0.01));
    CHECK(variance == Approx(0.25 / (2 * alpha + 1)).epsilon(0.05));
  }
}

TEST_CASE("Mixup blends an image with its partner by the share of its label") {
  const ImageSet set = noise(4, 6);
  const BatchMaker maker(set, kBytes, 3, 6);
  RandomStream stream(2);
  const at::Tensor plain = maker.plain(first(4)).images;
  const Batch mixed = maker.augmented(first(4), {.mixup_alpha = 1}, stream);
  CHECK(mixed.own > 0);
  CHECK(mixed.own < 1);
  CHECK(mixed.partner_labels.equal(mixed.labels.flip(0)));
  CHECK(at::allclose(mixed.images, plain * mixed.own + plain.flip(0) * (1 - mixed.own)));
}

TEST_CASE("Cutmix puts a box of the partner into an image; its area is the partner's share") {
  const ImageSet set = noise(2, 10);
  const BatchMaker maker(set, kBytes, 3, 10);
  const at::Tensor plain = maker.plain(first(2)).images;
  int mixed = 0;
  for (uint64_t key = 0; key < 20; ++key) {
    RandomStream stream(key);
    const Batch batch = maker.augmented(first(2), {.cutmix_alpha = 1}, stream);
    if (!batch.partner_labels.defined()) continue;
    const at::Tensor other = batch.images.ne(plain).any(1)[0];  // [height, width]
    const double area = other.sum().item<double>() / 100;
    CHECK(area == Approx(1 - batch.own).margin(1e-6));
    CHECK(batch.images[0].eq(plain[1]).all(0).logical_or(other.logical_not()).all().item<bool>());
    ++mixed;
  }
  CHECK(mixed > 10);
}

TEST_CASE("A batch with every augmentation does not depend on the number of threads or ranks") {
  const ImageSet set = noise(12, 20);
  const BatchMaker maker(set, kBytes, 3, 16);
  const Augmentation everything{
      .flip = true, .crop_min_area = 0.2, .randaugment = 2, .mixup_alpha = 0.5, .cutmix_alpha = 1};
  const auto draw = [&](int threads, const BatchSlice& slice) {
    at::set_num_threads(threads);
    RandomStream stream(7);
    const Batch batch = maker.augmented(first(12), everything, stream, slice);
    at::set_num_threads(1);
    return batch;
  };
  const Batch one = draw(1, {0, 12, 12}), two = draw(2, {0, 12, 12});
  CHECK(one.images.equal(two.images));
  const Batch begin = draw(1, {0, 5, 12}), rest = draw(1, {5, 7, 12});
  CHECK(at::cat({begin.images, rest.images}).equal(one.images));
  CHECK(at::cat({begin.partner_labels, rest.partner_labels}).equal(one.partner_labels));
}
