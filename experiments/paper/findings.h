#pragma once

#include <string>
#include <vector>

#include "search_space/architecture.h"

namespace ridgeline::paper {

/// What the paper says about its networks, of any architecture of seven stages. Stages are numbered
/// as in Table 1: 1 the stem, 3 to 9 the blocks, 10 the head.
struct Findings {
  std::vector<int> fused;  ///< stages of fused MBConv
  std::vector<int> swish;  ///< places with swish
  bool space_to_depth = false;

  bool relu_everywhere() const { return swish.empty(); }
  /// Of stages 3 to 9; stem and head are plain convolutions.
  bool swish_exactly_where_fused() const;
  bool fused_early() const;  ///< at least one of stages 4, 5
  bool fused_late() const;   ///< one of stages 7, 8
};
Findings findings_of(const Architecture& architecture);

/// "fused 4, 5; swish none; space-to-depth no"
std::string text_of(const Findings& findings);
/// Per stage: expansion, kernel, layers, squeeze-and-excite: "e6k3l2s".
std::string blocks_text(const Architecture& architecture);

/// Table 1: operator and activation of each stage, ours beside the paper's.
std::string table1_text(const Architecture& ours, const Architecture& paper);

}  // namespace ridgeline::paper
