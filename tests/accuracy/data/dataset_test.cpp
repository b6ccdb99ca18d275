#include "accuracy/data/dataset.h"

#include <algorithm>

#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;

namespace {

/// One-pixel images whose only byte is their index.
ImageSet numbered(const std::vector<int>& labels) {
  ImageSet set{1, 1, 1, {}, labels};
  for (size_t i = 0; i < labels.size(); ++i) set.pixels.push_back(static_cast<uint8_t>(i));
  return set;
}

int count_of(const ImageSet& set, int label) {
  return static_cast<int>(std::count(set.labels.begin(), set.labels.end(), label));
}

}  // namespace

TEST_CASE("Validation takes its share of every class and leaves the rest") {
  std::vector<int> labels;
  for (int i = 0; i < 60; ++i) labels.push_back(i < 40 ? 0 : 1);
  Dataset data{2, numbered(labels), {}, {}};
  hold_out_validation(data, 0.25, 1);
  CHECK(count_of(data.validation, 0) == 10);
  CHECK(count_of(data.validation, 1) == 5);
  CHECK(data.train.size() == 45);
  std::vector<uint8_t> all = concatenate(data.train, data.validation).pixels;
  std::sort(all.begin(), all.end());
  CHECK(all == numbered(labels).pixels);
  for (int i = 0; i < data.validation.size(); ++i) {
    const int index = *data.validation.image(i);
    CHECK(labels[static_cast<size_t>(index)] == data.validation.labels[static_cast<size_t>(i)]);
  }
}

TEST_CASE("The validation part depends on the seed and on nothing else") {
  const std::vector<int> labels(50, 0);
  const auto held_out = [&](uint64_t seed) {
    Dataset data{1, numbered(labels), {}, {}};
    hold_out_validation(data, 0.2, seed);
    return data.validation.pixels;
  };
  CHECK(held_out(3) == held_out(3));
  CHECK(held_out(3) != held_out(4));
}

TEST_CASE("Every class keeps an image on both sides however small the share") {
  Dataset data{2, numbered({0, 0, 1, 1}), {}, {}};
  hold_out_validation(data, 0.01, 1);
  CHECK(count_of(data.train, 0) == 1);
  CHECK(count_of(data.validation, 0) == 1);
  CHECK(count_of(data.validation, 1) == 1);
}

TEST_CASE("A class with fewer than two training images is refused") {
  Dataset data{3, numbered({0, 0, 2, 2, 2}), {}, {}};
  CHECK_THAT(error_of([&] { hold_out_validation(data, 0.2, 1); }),
             Contains("class 1 has 0 training images: at least 2 are needed") &&
                 Contains("labels are 0 .. 2"));
}

TEST_CASE("A limit draws by class in turn") {
  std::vector<int> labels(90, 0);
  for (int i = 0; i < 10; ++i) labels.push_back(1);
  const auto chosen = balanced_subset(labels, 2, 30, 1);
  REQUIRE(chosen.size() == 30);
  CHECK(std::is_sorted(chosen.begin(), chosen.end()));
  CHECK(std::count_if(chosen.begin(), chosen.end(), [](int i) { return i >= 90; }) == 10);
  CHECK(std::adjacent_find(chosen.begin(), chosen.end()) == chosen.end());
  CHECK(balanced_subset(labels, 2, 1000, 1).size() == 100);
}

TEST_CASE("A permutation holds every index once") {
  RandomStream stream(5);
  auto order = permutation(100, stream);
  const auto again = permutation(100, stream);
  CHECK(order != again);
  std::sort(order.begin(), order.end());
  for (int i = 0; i < 100; ++i) CHECK(order[static_cast<size_t>(i)] == i);
}

TEST_CASE("A training limit is applied before validation is held out") {
  DataConfig config;
  config.classes = 4;
  config.fractal.train_per_class = 20;
  config.fractal.test_per_class = 3;
  config.fractal.image_size = 8;
  config.train_limit = 40;
  config.validation_share = 0.2;
  const Dataset data = load_dataset(config);
  CHECK(data.train.size() == 32);
  CHECK(data.validation.size() == 8);
  CHECK(data.test.size() == 12);
  CHECK(count_of(data.train, 3) == 8);
}
