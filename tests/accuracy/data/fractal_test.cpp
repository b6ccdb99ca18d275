#include "accuracy/data/fractal.h"

#include <algorithm>
#include <cmath>

#include "tests/catch.h"

using namespace ridgeline;

namespace {

DataConfig small() {
  DataConfig config;
  config.classes = 5;
  config.fractal.image_size = 16;
  config.fractal.train_per_class = 6;
  config.fractal.test_per_class = 2;
  return config;
}

}  // namespace

TEST_CASE("The norm of a map is its largest stretch") {
  CHECK(AffineMap{0.5, 0, 0, -0.25, 3, 4}.norm() == Approx(0.5));
  const double r = 0.7 * std::sqrt(0.5);  // a rotation by 45 degrees, shrunk to 0.7
  CHECK(AffineMap{r, -r, r, r, 0, 0}.norm() == Approx(0.7));
  CHECK(AffineMap{1, 1, 0, 1, 0, 0}.norm() == Approx((1 + std::sqrt(5.0)) / 2));  // a shear
}

TEST_CASE("A drawn class has two to eight contractions and fills its box") {
  for (uint64_t key = 0; key < 20; ++key) {
    RandomStream stream(key);
    const FractalClass maps = draw_fractal_class(stream);
    CHECK(maps.size() >= 2);
    CHECK(maps.size() <= 8);
    for (const auto& map : maps) CHECK(map.norm() < 1.0);
  }
}

TEST_CASE("Filling rate is near one for a square and small for a line") {
  RandomStream stream(1);
  const FractalClass square{
      {.5, 0, 0, .5, 0, 0}, {.5, 0, 0, .5, 1, 0}, {.5, 0, 0, .5, 0, 1}, {.5, 0, 0, .5, 1, 1}};
  // 2,048 points over 1,024 cells leave about exp(-2) of them untouched.
  CHECK(filling_rate(square, stream) == Approx(1 - std::exp(-2.0)).margin(0.05));
  const FractalClass line{{.5, 0, 0, .5, 0, 0}, {.5, 0, 0, .5, 1, 1}};
  CHECK(filling_rate(line, stream) < 0.1);
}

TEST_CASE("Equal settings give equal fractal images, another seed others") {
  const Dataset first = generate_fractals(small());
  const Dataset again = generate_fractals(small());
  CHECK(first.train.pixels == again.train.pixels);
  CHECK(first.test.pixels == again.test.pixels);
  DataConfig other = small();
  other.seed = 2;
  CHECK(generate_fractals(other).train.pixels != first.train.pixels);
}

TEST_CASE("An image does not depend on how many there are") {
  DataConfig more = small();
  more.fractal.train_per_class = 9;
  const Dataset few = generate_fractals(small()), many = generate_fractals(more);
  REQUIRE(many.train.size() == 45);
  CHECK(std::equal(few.train.pixels.begin(), few.train.pixels.end(), many.train.pixels.begin()));
}

TEST_CASE("Fractal classes are equally frequent and images are all different") {
  const Dataset data = generate_fractals(small());
  CHECK(data.classes == 5);
  CHECK(data.train.size() == 30);
  CHECK(data.test.size() == 10);
  for (int label = 0; label < 5; ++label) {
    CHECK(std::count(data.train.labels.begin(), data.train.labels.end(), label) == 6);
    CHECK(std::count(data.test.labels.begin(), data.test.labels.end(), label) == 2);
  }
  for (int i = 1; i < data.train.size(); ++i) {
    CHECK_FALSE(std::equal(data.train.image(i), data.train.image(i) + data.train.image_bytes(),
                           data.train.image(i - 1)));
  }
}
