#pragma once

#include <string>
#include <vector>

#include "network/network.h"

namespace ridgeline {

/// The parameters of a RegNet (Radosavovic et al. 2020, arXiv:2003.13678, Equations 2 to 4): block
/// j is about width_0 + slope * j wide, rounded to a power of `multiplier` times width_0.
struct RegNetRule {
  double slope = 0;       ///< w_a, channels per block, >= 0
  int width_0 = 8;        ///< w_0, channels, a positive multiple of 8
  double multiplier = 2;  ///< w_m, above 1
  int depth = 1;          ///< blocks in all, >= 1
  int group_width = 8;    ///< channels per group of the 3x3 convolutions
};

/// One stage of blocks of equal width; the first has stride 2.
struct RegNetStage {
  int width = 0;
  int depth = 0;
  int group_width = 0;  ///< divides `width`
  bool operator==(const RegNetStage&) const = default;
};

/// The stages that the rule gives, as the authors' code makes them: widths to multiples of 8, then
/// to multiples of the group width (at most the stage's width), halves to even. Throws `kConfig`
/// for parameters outside their ranges.
std::vector<RegNetStage> regnet_stages(const RegNetRule& rule);

/// Stem 3x3/2, stages of 1x1, grouped 3x3, 1x1 without bottleneck, batch norm with epsilon 1e-5.
struct RegNetConfig {
  std::string name = "regnet";
  int resolution = 224;
  int classes = 1000;
  int stem_width = 32;
  std::vector<RegNetStage> stages;
  double se_ratio = 0;  ///< RegNetY: 0.25 of the block's input width; 0: RegNetX
};

/// Throws `kConfig` for a resolution below the product of the strides, for no stages, and for
/// stages whose width the group width does not divide.
Network regnet(const RegNetConfig& config);

}  // namespace ridgeline
