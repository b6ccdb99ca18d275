#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <vector>

namespace ridgeline {

/// The exponential moving average of a module's parameters and floating-point buffers (batch-norm
/// statistics). As in EfficientNet, the decay of update n is min(decay, (1 + n) / (10 + n)), so
/// that a short training is not dominated by its first weights.
class MovingAverage {
 public:
  /// Starts from the module's present values. `module` is borrowed.
  MovingAverage(torch::nn::Module& module, double decay);

  /// Takes in the present values.
  void update();
  /// Replaces the module's values by the averages.
  void apply() const;

 private:
  std::vector<at::Tensor> values_;    // the module's own tensors
  std::vector<at::Tensor> averages_;  // same order
  double decay_;
  int64_t updates_ = 0;
};

}  // namespace ridgeline
