#include <array>
#include <cmath>
#include <optional>

#include "core/config_path.h"
#include "network/published/families.h"
#include "scaling/compound.h"

namespace ridgeline {
namespace {

/// Published coefficients of a level: they do not follow from one (alpha, beta, gamma).
struct Level {
  double width, depth;
  int resolution;
};
using Levels = std::array<Level, 8>;

/// EfficientNet's, which are also those of EfficientNet-X scaled for accuracy alone.
constexpr Levels kSingleObjective = {{{1.0, 1.0, 224},
                                      {1.0, 1.1, 240},
                                      {1.1, 1.2, 260},
                                      {1.2, 1.4, 300},
                                      {1.4, 1.8, 380},
                                      {1.6, 2.2, 456},
                                      {1.8, 2.6, 528},
                                      {2.0, 3.1, 600}}};
constexpr Levels kReleasedTpu = {{{1.0, 1.0, 224},
                                  {1.05, 1.09, 229},
                                  {1.13, 1.29, 244},
                                  {1.27, 1.62, 263},
                                  {1.54, 2.38, 299},
                                  {1.96, 2.76, 332},
                                  {2.75, 3.01, 328},
                                  {3.26, 3.44, 350}}};
constexpr Levels kReleasedGpu = {{{1.0, 1.0, 224},
                                  {1.05, 1.09, 229},
                                  {1.13, 1.24, 237},
                                  {1.31, 1.63, 255},
                                  {1.63, 2.4, 282},
                                  {1.94, 3.29, 306},
                                  {2.25, 4.28, 328},
                                  {2.58, 5.46, 350}}};
constexpr std::array<double, 8> kDropoutByLevel = {0.2, 0.2, 0.3, 0.3, 0.4, 0.4, 0.5, 0.5};
/// EfficientNet-X's squeeze-and-excite ratio depends on the level in the official code.
constexpr std::array<double, 8> kXSeRatio = {1.0, 0.5, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25};

/// The members of Table 6, which prints depths and resolutions. Widths (Table 2's beta 1.17) and
/// levels' exponents are inferred: phi = log2(d w^2 r^2) of EfficientNet's levels gives all the
/// printed depths, as floor(16 alpha^phi).
Levels table6(double alpha, const std::array<int, 8>& resolutions) {
  constexpr double kBeta = 1.17;
  Levels levels{};
  for (size_t i = 0; i < levels.size(); ++i) {
    const Level& single = kSingleObjective[i];
    const double r = single.resolution / 224.0;
    const double phi = std::log2(single.depth * single.width * single.width * r * r);
    const ScalingFactors factors = CompoundCoefficients{alpha, kBeta, 1}.at(phi);
    levels[i] = {factors.width, factors.depth, resolutions[i]};
  }
  return levels;
}

/// The network of an architecture file scaled to a level.
struct Member {
  std::string name;
  std::string base;  // of configs/architectures
  Level level;
  double dropout = 0;
  std::optional<double> se_ratio;  // instead of the base's
};

Network build(const Member& member, int resolution) {
  const Architecture base = load_architecture(find_config("architectures", member.base));
  Architecture architecture =
      scale(base, {.depth = member.level.depth, .width = member.level.width, .resolution = 1});
  architecture.name = member.name;
  architecture.resolution = resolution;
  architecture.head.dropout = member.dropout;
  if (member.se_ratio) {
    for (Stage& stage : architecture.stages) stage.se_ratio = *member.se_ratio;
  }
  return lower(architecture);
}

KnownNetwork known(const Member& member, const std::string& family, const std::string& source) {
  return {member.name, family, member.level.resolution, source,
          [member](int resolution) { return build(member, resolution); }};
}

void add_x_family(std::vector<KnownNetwork>& networks, const std::string& target,
                  const std::string& preset, const std::string& source, const Levels& levels) {
  for (size_t i = 0; i < levels.size(); ++i) {
    const std::string level = std::to_string(i);
    const Member member{"efficientnet_x_b" + level + "_" + target + preset,
                        "efficientnet_x_b0_" + target, levels[i], kDropoutByLevel[i], kXSeRatio[i]};
    networks.push_back(known(member, "efficientnet_x",
                             "Li et al. 2021, EfficientNet-X-B" + level + ", " + source));
  }
}

}  // namespace

std::vector<KnownNetwork> efficientnets() {
  std::vector<KnownNetwork> networks;
  for (size_t i = 0; i < kSingleObjective.size(); ++i) {
    const std::string level = std::to_string(i);
    const Member member{"efficientnet_b" + level, "efficientnet_b0", kSingleObjective[i],
                        kDropoutByLevel[i], std::nullopt};
    networks.push_back(known(member, "efficientnet", "Tan and Le 2019, EfficientNet-B" + level));
  }
  return networks;
}

std::vector<KnownNetwork> efficientnet_xs() {
  std::vector<KnownNetwork> networks;
  const Level base = kSingleObjective[0];
  for (const std::string row : {"efficientnet_b0_s2d", "efficientnet_b0_s2d_fused"}) {
    networks.push_back(known({row, row, base, kDropoutByLevel[0], std::nullopt}, "efficientnet_x",
                             "Li et al. 2021, a step of Table 4"));
  }
  const std::string single = "single-objective scaling (Table 3's counts)";
  const std::string released = "coefficients of the official code";
  const std::string printed = "depth and resolution of Table 6";
  add_x_family(networks, "tpu", "", single, kSingleObjective);
  add_x_family(networks, "gpu", "", single, kSingleObjective);
  add_x_family(networks, "tpu", "_released", released, kReleasedTpu);
  add_x_family(networks, "gpu", "_released", released, kReleasedGpu);
  add_x_family(networks, "tpu", "_table6", printed,
               table6(1.30, {224, 229, 243, 263, 298, 331, 361, 391}));
  add_x_family(networks, "gpu", "_table6", printed,
               table6(1.28, {224, 229, 241, 258, 289, 317, 343, 368}));
  return networks;
}

}  // namespace ridgeline
