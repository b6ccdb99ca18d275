#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/config.h"
#include "scaling/compound.h"

namespace ridgeline {

/// How the scaling coefficients are found (Section 5).
enum class ScalingMode { kLacs, kAccuracyOnly, kDirect, kGiven };
template <>
struct EnumNames<ScalingMode> {
  static constexpr std::array<std::pair<ScalingMode, const char*>, 4> values{
      {{ScalingMode::kLacs, "lacs"},
       {ScalingMode::kAccuracyOnly, "accuracy_only"},
       {ScalingMode::kDirect, "direct"},
       {ScalingMode::kGiven, "given"}}};
};

/// What scores a triple: a training each, or a surface fitted to few trainings.
enum class TripleScore { kTraining, kStar };
template <>
struct EnumNames<TripleScore> {
  static constexpr std::array<std::pair<TripleScore, const char*>, 2> values{
      {{TripleScore::kTraining, "training"}, {TripleScore::kStar, "star"}}};
};

/// Each grid's step over the next one's.
inline constexpr double kGridRefinement = 4;
inline constexpr int kFewestStarPoints = 7;
inline constexpr int kMostStarPoints = 13;

/// Of the grids on which the coefficients are searched.
struct GridConfig {
  double max_alpha = 2.0, max_beta = 2.0, max_gamma = 1.6;
  double coarse_step = 0.1;
  double fine_step = 0.01;
  int refine_around = 2;
  double tolerance = 0.1;
  int max_candidates = 5;

  template <class V>
  void describe(V& v) {
    v.field("tolerance", tolerance,
            {.help = "largest relative deviation from the target that rounding may cause in a "
                     "candidate",
             .min = 1e-4,
             .max = 0.9});
    v.field("max_alpha", max_alpha,
            {.help = "largest depth coefficient in the grid", .min = 1.0, .max = 16.0});
    v.field("max_beta", max_beta,
            {.help = "largest width coefficient in the grid", .min = 1.0, .max = 16.0});
    v.field("max_gamma", max_gamma,
            {.help = "largest resolution coefficient; it is solved for, so that each pair of the "
                     "grid meets the target",
             .min = 1.0,
             .max = 16.0});
    v.field("coarse_step", coarse_step,
            {.help = "step of alpha and beta in the first grid", .min = 1e-3, .max = 4.0});
    v.field("fine_step", fine_step,
            {.help = "finer grids follow until the step is below this; each step is a quarter of "
                     "the one before",
             .min = 1e-4,
             .max = 1.0});
    v.field(
        "refine_around", refine_around,
        {.help = "a finer grid lies around so many of the best candidates", .min = 1, .max = 100});
    v.field("max_candidates", max_candidates,
            {.help = "networks trained per grid, spread as widely as possible over those at the "
                     "target; on a surface: networks confirmed by training",
             .min = 1,
             .max = 100000});
  }
};

/// By how much an accuracy varies by chance.
struct NoiseConfig {
  double noise = 0.002;
  int noise_repeats = 0;

  template <class V>
  void describe(V& v) {
    v.field("noise", noise,
            {.help = "assumed standard deviation by chance of a candidate's accuracy; candidates "
                     "within twice that of the best are its plateau",
             .unit = "fraction",
             .min = 0,
             .max = 0.5});
    v.field("noise_repeats", noise_repeats,
            {.help = "the best candidate is trained so many times more, and the noise measured on "
                     "these trainings; 0: assumed",
             .min = 0,
             .max = 100});
  }
};

/// Latency-aware compound scaling (Section 5): the triple (alpha, beta, gamma) that maximises the
/// reward subject to Latency(G(m, d, w, r)) = T (Equation 4), where d, w, r are their powers of
/// phi (Equation 5).
struct LacsConfig {
  bool enabled = true;
  ScalingMode mode = ScalingMode::kLacs;
  CompoundCoefficients given = {1.2, 1.1, 1.15};
  double latency_ratio = 2.0;
  double level = 1.0;
  GridConfig grid;
  RoundingRules rounding;
  bool continuous = false;
  TripleScore score = TripleScore::kTraining;
  int star_points = 9;
  NoiseConfig noise;
  bool per_accelerator = false;
  std::vector<double> family = {0.0, 1.0, 2.0};
  std::optional<std::vector<double>> family_targets = {};
  bool fit_resolution = true;
  bool train_family = false;
  std::optional<std::vector<std::string>> price_on = {};

  /// Whether coefficients are searched under a latency target.
  bool has_target() const { return mode == ScalingMode::kLacs || mode == ScalingMode::kDirect; }

  template <class V>
  void describe(V& v) {
    using enum ScalingMode;
    v.field("enabled", enabled,
            {.help = "search scaling coefficients and build the family after the search"});
    v.field(
        "mode", mode,
        {.help = "lacs: the best reward at a latency target; accuracy_only: EfficientNet's way, "
                 "the best accuracy at alpha beta^2 gamma^2 = 2 in multiply-adds; direct: lacs "
                 "again for each family member at its own target; given: alpha, beta, gamma "
                 "below"});
    const UsedBy when_given = used_by("mode", mode, {kGiven});
    v.field("alpha", given.alpha, {.help = "depth coefficient", .min = 1.0, .max = 16.0},
            when_given);
    v.field("beta", given.beta, {.help = "width coefficient", .min = 1.0, .max = 16.0}, when_given);
    v.field("gamma", given.gamma, {.help = "resolution coefficient", .min = 1.0, .max = 16.0},
            when_given);
    v.field("latency_ratio", latency_ratio,
            {.help = "latency of the scaled network at phi = level, relative to the base network",
             .min = 1.01,
             .max = 1000.0});
    v.field(
        "level", level,
        {.help = "phi at which candidates are compared; rounding matters less at a higher level",
         .min = 0.1,
         .max = 20.0});
    grid.describe(v);
    rounding.describe(v);
    v.field("continuous", continuous,
            {.help = "search on unrounded depth and width, whose latency is interpolated; needs "
                     "score star and an analytic latency oracle"});
    v.field("score", score,
            {.help = "training: each candidate is trained; star: few trainings around the base "
                     "network, a response surface fitted to them, and the best of the grid on it "
                     "confirmed by training"});
    v.field("star_points", star_points,
            {.help = "trainings that the surface is fitted to",
             .min = kFewestStarPoints,
             .max = kMostStarPoints},
            used_by("score", score, {TripleScore::kStar}));
    noise.describe(v);
    v.field("per_accelerator", per_accelerator,
            {.help = "one scaling for each accelerator, at its own target (Equation 3), instead of "
                     "one for the main accelerator"});
    v.field("family", family,
            {.help = "phi of each family member B0, B1, ...", .min = 0.0, .max = 20.0});
    v.field(
        "family_targets", family_targets,
        {.help =
             "latency of each family member, instead of its phi, such as [2, 4]; ~: by `family`",
         .unit = "ms",
         .min = 1e-6,
         .max = 1e9});
    v.field("fit_resolution", fit_resolution,
            {.help = "each member's resolution is the one whose latency is nearest to the member's "
                     "target, so that rounding does not add up; false: always gamma^phi"});
    v.field("train_family", train_family,
            {.help = "train each family member once, as a candidate is trained"});
    v.field("price_on", price_on,
            {.help = "hardware files, by name, on which the family is priced too, such as [tpu_v3, "
                     "t4]"});
  }
};

/// Throws `kConfig` for what a struct filled by hand may get wrong; values from YAML have passed
/// the same limits.
void check(const LacsConfig& config);

}  // namespace ridgeline
