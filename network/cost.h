#pragma once

#include <cstdint>
#include <vector>

#include "network/network.h"

namespace ridgeline {

/// What one operator needs for one image. Counting follows the paper's tables: parameters are
/// trainable ones (weights, biases, batch-norm scale and shift); MAdds are those of convolutions
/// and linear layers, padded taps counted in full. Elements become bytes by the precision's size.
struct OperatorCost {
  int64_t params = 0;
  int64_t madds = 0;
  int64_t weight_elements = 0;
  int64_t input_elements = 0;
  int64_t output_elements = 0;
  int64_t buffer_elements = 0;  ///< batch-norm moving statistics

  int64_t traffic_elements() const { return weight_elements + input_elements + output_elements; }
  OperatorCost& operator+=(const OperatorCost& other);
};

struct NetworkCost {
  std::vector<OperatorCost> nodes;  ///< one per node of the network, same order
  OperatorCost total;

  /// Operational intensity I = W / Q (Section 3 of the paper) at 2 FLOPs per multiply-add, when
  /// every operator reads and writes main memory (nothing fused) and weights are read once per
  /// batch.
  double operational_intensity(int bytes_per_element, int batch) const;
};

OperatorCost cost(const Network& network, int node);
NetworkCost cost(const Network& network);

}  // namespace ridgeline
