#pragma once

#include <string>
#include <vector>

namespace ridgeline::paper {

/// The figures of a row.
struct PublishedFigures {
  double params_m = 0;
  double madds_g = 0;             ///< the column "#FLOPs", which counts multiply-adds
  double intensity = 0;           ///< I on TPUv3, FLOP/byte
  double efficiency_percent = 0;  ///< E on TPUv3
  double tpu_v3_ms = 0;
  double v100_ms = 0;
};

/// One row of Table 3 or 4 of Li et al., "Searching for Fast Model Families on Datacenter
/// Accelerators", CVPR 2021 (arXiv:2102.05610), as printed; latencies at batch 128.
struct PublishedRow : PublishedFigures {
  std::string name;    ///< as in the paper
  std::string family;  ///< "EfficientNet-X", "EfficientNet", "ResNet", ...
  /// Our networks (network/published/known_networks.h): the one of the counts, and those that were
  /// timed.
  std::string counted, timed_on_tpu, timed_on_v100;
  /// Why the TPUv3 latency cannot belong to the other figures; such a row is printed, and left out
  /// of summaries.
  std::string doubt_on_tpu = {};
};

/// In the paper's order. The counts of the EfficientNet-X rows are those of single-objective
/// scaling, their I and latencies fit the networks of the released coefficients.
const std::vector<PublishedRow>& table3();
/// From EfficientNet-B0 to EfficientNet-X-B0, each step on top of the one before.
const std::vector<PublishedRow>& table4();

/// Images of one inference behind every latency of the paper.
inline constexpr int kBatch = 128;

/// The row of Table 3 called `name`. Throws `kInternal` when there is none.
const PublishedRow& table3_row(const std::string& name);

/// What the published numbers say against each other: one line each, for below the tables.
const std::vector<std::string>& contradictions();

}  // namespace ridgeline::paper
