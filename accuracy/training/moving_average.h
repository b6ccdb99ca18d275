#pragma once

#include <torch/nn/module.h>
#include <torch/serialize/archive.h>

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
  /// Exchanges the module's values and the averages; twice is as never.
  void swap();

  /// The averages in a checkpoint, and back. `load` throws c10::Error where they do not fit.
  void save(torch::serialize::OutputArchive& archive) const;
  void load(torch::serialize::InputArchive& archive);

 private:
  std::vector<at::Tensor> values_;    // the module's own tensors
  std::vector<at::Tensor> averages_;  // same order
  double decay_;
  int64_t updates_ = 0;
};

}  // namespace ridgeline
