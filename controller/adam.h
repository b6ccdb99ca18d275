#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ridgeline {

/// Adam (Kingma & Ba 2015) over one flat vector of parameters, with beta1 = 0.9, beta2 = 0.999 and
/// epsilon = 1e-8. The state is three members, so that a checkpoint is a copy of them.
struct Adam {
  Adam(size_t parameters, double rate)
      : learning_rate(rate), mean(parameters, 0.0f), variance(parameters, 0.0f) {}

  /// One step along `gradient`; changes `weights` in place. Both are as long as the state.
  void step(std::span<float> weights, std::span<const float> gradient);

  double learning_rate;
  int64_t steps = 0;
  std::vector<float> mean;      ///< first moment
  std::vector<float> variance;  ///< second, uncentred moment
};

}  // namespace ridgeline
