#include <array>
#include <cmath>

#include "scaling/compound.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// Depth and resolution as the paper prints them.
struct Printed {
  int depth, resolution;
  bool operator==(const Printed&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Printed& p) {
  return out << p.depth << " x " << p.resolution;
}
using Column = std::array<Printed, 8>;

// Table 6, B0 to B7.
constexpr Column kSingle = {
    {{16, 224}, {17, 240}, {19, 260}, {22, 300}, {28, 380}, {35, 456}, {41, 528}, {49, 600}}};
constexpr Column kGpu = {
    {{16, 224}, {17, 229}, {20, 241}, {25, 258}, {36, 289}, {49, 317}, {62, 343}, {79, 368}}};
constexpr Column kTpu = {
    {{16, 224}, {17, 229}, {20, 243}, {26, 263}, {38, 298}, {52, 331}, {68, 361}, {87, 391}}};

/// EfficientNet's published factors of each level.
struct Published {
  double width, depth;
  int resolution;
};
constexpr std::array<Published, 8> kPublished = {{{1.0, 1.0, 224},
                                                  {1.0, 1.1, 240},
                                                  {1.1, 1.2, 260},
                                                  {1.2, 1.4, 300},
                                                  {1.4, 1.8, 380},
                                                  {1.6, 2.2, 456},
                                                  {1.8, 2.6, 528},
                                                  {2.0, 3.1, 600}}};

/// The exponent of a level: log2 of its multiply-adds over the base's, d w^2 r^2.
double phi_of(const Published& level) {
  const double r = level.resolution / 224.0;
  return std::log2(level.depth * level.width * level.width * r * r);
}

/// Table 6's rule: both rounded down, of 16 blocks and 224 pixels.
Printed nominal(const CompoundCoefficients& coefficients, double phi) {
  const ScalingFactors factors = coefficients.at(phi);
  return {nominal_depth(16, factors.depth), round_resolution(224, factors.resolution)};
}

Column column(const CompoundCoefficients& coefficients) {
  Column result{};
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = nominal(coefficients, phi_of(kPublished[i]));
  return result;
}

constexpr CompoundCoefficients kGpuTriple = {1.28, 1.17, 1.08}, kTpuTriple = {1.30, 1.17, 1.09};

}  // namespace

TEST_CASE("Table 6: the single-objective column, 16 of 16 values") {
  for (size_t i = 0; i < kSingle.size(); ++i) {
    const Published& level = kPublished[i];
    CHECK(Printed{nominal_depth(16, level.depth),
                  round_resolution(224, level.resolution / 224.0)} == kSingle[i]);
  }
}

TEST_CASE("Table 6: the GPU column, 16 of 16 values") { CHECK(column(kGpuTriple) == kGpu); }

TEST_CASE("Table 6: the TPU column, 14 of 16 values and two named differences") {
  Column expected = kTpu;
  expected[1].resolution = 230;  // printed: 229
  expected[3].resolution = 262;  // printed: 263
  CHECK(column(kTpuTriple) == expected);
}

TEST_CASE("Table 6: all 32 values of both LACS columns with one fitted phi per level") {
  constexpr std::array<double, 8> kFitted = {0, 0.30, 0.97, 1.87, 3.33, 4.54, 5.54, 6.48};
  for (size_t i = 0; i < kFitted.size(); ++i) {
    CHECK(nominal(kGpuTriple, kFitted[i]) == kGpu[i]);
    CHECK(nominal(kTpuTriple, kFitted[i]) == kTpu[i]);
  }
}

TEST_CASE("Table 5: X-B7 of the triple found at the level of X-B1, and of the one at X-B7") {
  const double phi = phi_of(kPublished[7]);
  CHECK(nominal({1.27, 1.16, 1.08}, phi) == Printed{75, 368});
  // Printed: 350 pixels, which needs a gamma of about 1.0714 before it is rounded to 1.07.
  CHECK(nominal({1.28, 1.17, 1.07}, phi) == Printed{79, 347});
  CHECK(nominal({1.28, 1.17, 1.0714}, phi) == Printed{79, 350});
}

TEST_CASE("the built depth is rounded up per stage, so that it is over the nominal one") {
  const Architecture base = load_architecture(source_folder() / "configs" / "architectures" /
                                              "efficientnet_x_b0_gpu.yaml");
  CHECK(blocks_of(base) == 16);
  CHECK(blocks_of(scale(base, {1.1, 1, 1})) == 23);
  CHECK(nominal_depth(16, 1.1) == 17);
  CHECK(blocks_of(scale(base, {3.1, 2, 1})) == 55);
  CHECK(nominal_depth(16, 3.1) == 49);
}

TEST_CASE("a resolution is rounded as the rules say") {
  const RoundingRules nearest{.resolution_rounding = ResolutionRounding::kNearest};
  CHECK(round_resolution(224, 1.09) == 244);             // 244.16
  CHECK(round_resolution(224, 1.0849, nearest) == 243);  // 243.02
  CHECK(round_resolution(224, 1.08, nearest) == 242);    // 241.92
  CHECK(round_resolution(224, 1.08) == 241);
  CHECK(round_resolution(224, 1.08, {.resolution_multiple = 8}) == 240);
  RoundingRules eight = nearest;
  eight.resolution_multiple = 8;
  CHECK(round_resolution(224, 1.10, eight) == 248);  // 246.4
  CHECK(contains(to_text(eight), "nearest multiple of 8"));
}
