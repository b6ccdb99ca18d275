#pragma once

#include <string>
#include <vector>

#include "experiments/paper/published.h"
#include "network/network.h"

namespace ridgeline::paper {

/// Ours for one row of the paper, by the hardware files tpu_v3 and v100 at batch 128.
struct OurRow {
  double params_m = 0, madds_g = 0;
  double intensity = 0;           ///< of the network timed on the TPU, see `table_intensity`
  double efficiency_percent = 0;  ///< W / ms over the roof at that I, TPUv3
  double tpu_v3_ms = 0, v100_ms = 0;
  double tpu_v3_equation1_ms = 0, v100_equation1_ms = 0;  ///< the whole-network baseline
};
OurRow price(const PublishedRow& row);
std::vector<OurRow> price(const std::vector<PublishedRow>& rows);

/// Latency of a known network by the roofline oracle at batch 128.
double roofline_ms(const std::string& network, const std::string& hardware);

/// I as column I of Table 3 is best explained: bytes = 2 x (1.9 x convolutions and linear layers +
/// 0.8 x depthwise convolutions), input + output + weights once, batch 128, everything else fused;
/// a convolution of more than two groups that is not depthwise moves 12 times its bytes. Holds for
/// EfficientNet and EfficientNet-X, whose rows gave the factors.
double table_intensity(const Network& network);

/// ours / theirs - 1
double error(double ours, double theirs);
/// Mean of |error| over both lists, which have the same length.
double mean_error(const std::vector<double>& ours, const std::vector<double>& theirs);
double geometric_mean(const std::vector<double>& values);

/// The geometric mean of slower / faster over the pairs of rows with these names.
struct SpeedUp {
  double paper_tpu = 0, paper_v100 = 0, ours_tpu = 0, ours_v100 = 0;
};
struct NamePair {
  std::string slower, faster;
};
/// REQUIRES: `ours` are the rows of Table 3 in order.
SpeedUp speed_up(const std::vector<NamePair>& pairs, const std::vector<OurRow>& ours);

/// EfficientNet-B0 to B7 against EfficientNet-X-B0 to B7.
std::vector<NamePair> efficientnet_pairs();

}  // namespace ridgeline::paper
