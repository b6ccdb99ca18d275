#pragma once

#include <string>
#include <vector>

#include "network/network.h"
#include "search_space/architecture.h"

namespace ridgeline {

/// Names the shared weight that stands for a weight of one network. Two networks share it where it
/// means the same in both: the same stage, layer and part of the block, the same operator and
/// reshape of the stage, and for the first layer of a stage (and the head) the same stage before
/// it, since first-layer weights read its channels. So "stage2/block0/expand/conv/weight:mbconv
/// after stage1". Filters, kernels, expansions above 1, squeeze-and-excite ratios, numbers of
/// layers, activations and skips do not divide weights.
class SharedNames {
 public:
  explicit SharedNames(const Architecture& architecture);

  /// `parameter`: "weight" or "bias" of `node`, which is one of the architecture's network.
  std::string of(const Node& node, const std::string& parameter) const;

 private:
  struct StageContext {
    std::string own;    // operator and reshape
    std::string entry;  // what stands before it
  };
  std::vector<StageContext> stages_;
  std::string head_entry_;
  bool has_head_ = true;  // a convolution before the pooling
};

}  // namespace ridgeline
