#include "network/cost.h"
#include "scaling/compound.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

Architecture configured(const std::string& name) {
  return load_architecture(source_folder() / "configs" / "architectures" / name);
}

/// One level of a published family: single-objective coefficients and the counts they lead to.
struct Level {
  double width, depth;
  int resolution;
  int64_t params, madds;
};

constexpr std::array<Level, 7> kEfficientNet = {{
    {1.0, 1.1, 240, 7794184, 686802832},
    {1.1, 1.2, 260, 9109994, 993561872},
    {1.2, 1.4, 300, 12233232, 1827141392},
    {1.4, 1.8, 380, 19341616, 4393771024},
    {1.6, 2.2, 456, 30389784, 10266384752},
    {1.8, 2.6, 528, 43040704, 19067593536},
    {2.0, 3.1, 600, 66347960, 37745884192},
}};

constexpr std::array<Level, 7> kEfficientNetX = {{
    {1.0, 1.1, 240, 9571024, 1606191824},
    {1.1, 1.2, 260, 9974470, 2306854656},
    {1.2, 1.4, 300, 13293970, 4333620800},
    {1.4, 1.8, 380, 21144322, 10521697408},
    {1.6, 2.2, 456, 33433452, 24556434560},
    {1.8, 2.6, 528, 47653344, 47476678944},
    {2.0, 3.1, 600, 73156704, 91787133376},
}};

Architecture at_level(const Architecture& base, const Level& level) {
  return scale(base, {level.depth, level.width, level.resolution / 224.0});
}

Architecture small() {
  Architecture a;
  a.resolution = 32;
  a.stem.filters = 12;
  a.stages = {{.filters = 20, .layers = 3}, {.filters = 40, .layers = 0}};
  a.head.filters = 0;
  return a;
}

}  // namespace

TEST_CASE("filters round to the nearest multiple of eight, up where that loses over a tenth") {
  CHECK(round_filters(32, 1.0) == 32);
  CHECK(round_filters(40, 1.1) == 48);  // 44 + 4 = 48
  CHECK(round_filters(16, 1.2) == 24);  // 19.2 -> 16, which is below 17.28
  CHECK(round_filters(24, 1.4) == 32);  // 33.6 -> 32
  CHECK(round_filters(32, 1.4) == 48);  // 44.8 -> 48
  CHECK(round_filters(80, 1.1) == 88);
  CHECK(round_filters(1280, 1.1) == 1408);
  CHECK(round_filters(3, 1.0) == 8);    // at least one multiple
  CHECK(round_filters(10, 1.1) == 16);  // 11 -> 8, which is below 9.9
  CHECK(round_filters(10, 1.1, 4) == 12);
}

TEST_CASE("a width that meets the middle between two multiples only by floating error rounds up") {
  CHECK(round_filters(28, 0.1 + 0.2 - 0.3 + 1.0) == 32);
  // 0.57 * 100 is 56.99999999999999 in binary; with a divisor of 2 the middle is 57.
  CHECK(round_filters(100, 0.57, 2) == 58);
}

TEST_CASE("layers are rounded up, but never by floating error") {
  CHECK(round_layers(3, 1.0) == 3);
  CHECK(round_layers(1, 1.1) == 2);
  CHECK(round_layers(10, 1.1) == 11);  // 11.000000000000002 in binary
  CHECK(round_layers(100, 1.1) == 110);
  CHECK(round_layers(5, 1.2) == 6);
  CHECK(round_layers(3, 3.1) == 10);
  CHECK(round_layers(4, 0.5) == 2);
  CHECK(round_layers(0, 3.1) == 0);
}

TEST_CASE("coefficients at phi are powers of phi") {
  const ScalingFactors factors = CompoundCoefficients{1.2, 1.1, 1.5}.at(2);
  CHECK(factors.depth == Approx(1.44));
  CHECK(factors.width == Approx(1.21));
  CHECK(factors.resolution == Approx(2.25));
  const ScalingFactors none = CompoundCoefficients{1.2, 1.1, 1.5}.at(0);
  CHECK((none.depth == 1 && none.width == 1 && none.resolution == 1));
}

TEST_CASE("factors of one return the base unchanged, even where its filters are no multiples") {
  CHECK(scale(small(), {1, 1, 1}) == small());
  CHECK(scale(small(), {1, 1, 1}, {.resolution_multiple = 48}) == small());
}

TEST_CASE("each factor moves its own dimension, and stages and heads left out stay out") {
  const Architecture deep = scale(small(), {1.5, 1, 1});
  CHECK(deep.stages[0].layers == 5);
  CHECK(deep.stages[1].layers == 0);
  CHECK(deep.stem.filters == 12);
  CHECK(deep.resolution == 32);

  const Architecture wide = scale(small(), {1, 2, 1});
  CHECK(wide.stem.filters == 24);
  CHECK(wide.stages[0].filters == 40);
  CHECK(wide.stages[1].filters == 80);
  CHECK(wide.head.filters == 0);
  CHECK(wide.stages[0].layers == 3);
}

TEST_CASE("the resolution is floored to a multiple, and exact products keep their value") {
  CHECK(scale(small(), {1, 1, 1.3}).resolution == 41);  // 41.6
  CHECK(scale(small(), {1, 1, 1.3}, {.resolution_multiple = 8}).resolution == 40);
  Architecture a = small();
  for (const int side : {240, 260, 300, 380, 456, 528, 600}) {
    a.resolution = 224;
    CHECK(scale(a, {1, 1, side / 224.0}).resolution == side);
  }
  a.resolution = 100;
  CHECK(scale(a, {1, 1, 0.57}).resolution == 57);  // 56.99999999999999 in binary
}

TEST_CASE("EfficientNet-B1 to B7 come out of B0 with the published counts") {
  const Architecture base = configured("efficientnet_b0.yaml");
  for (size_t i = 0; i < kEfficientNet.size(); ++i) {
    INFO("B" << i + 1);
    const OperatorCost total = cost(lower(at_level(base, kEfficientNet[i]))).total;
    CHECK(total.params == kEfficientNet[i].params);
    CHECK(total.madds == kEfficientNet[i].madds);
  }
}

TEST_CASE("EfficientNet-X-B1 to B7 come out of X-B0 with each level's squeeze-and-excite ratio") {
  Architecture base = configured("efficientnet_x_b0_gpu.yaml");
  for (size_t i = 0; i < kEfficientNetX.size(); ++i) {
    INFO("X-B" << i + 1);
    for (auto& stage : base.stages) stage.se_ratio = i == 0 ? 0.5 : 0.25;
    const OperatorCost total = cost(lower(at_level(base, kEfficientNetX[i]))).total;
    CHECK(total.params == kEfficientNetX[i].params);
    CHECK(total.madds == kEfficientNetX[i].madds);
  }
}

TEST_CASE("factors that cannot be are refused by name and valid range") {
  CHECK(error_of([] {
          scale(small(), {0, 1, 1});
        }) == "scaling: the depth factor is 0; it must be above 0 and at most 1000");
  CHECK_THAT(error_of([] { scale(small(), {1, -2, 1}); }), Catch::Contains("width factor is -2"));
  CHECK_THAT(error_of([] {
               scale(small(), {1, 1, std::nan("")});
             }),
             Catch::Contains("resolution factor is nan"));
  CHECK_THAT(error_of([] { scale(small(), {1, 1, 1e9}); }), Catch::Contains("at most 1000"));
  CHECK_THAT(error_of([] {
               scale(small(), {1, 1, 1.1}, {.resolution_multiple = 0});
             }),
             Catch::Contains("at least 1"));
  CHECK_THAT(error_of([] {
               scale(small(), {1, 1, 1.1}, {.resolution_multiple = 64});
             }),
             Catch::Contains("leaves nothing; take a smaller multiple"));
}
