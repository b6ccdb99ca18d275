#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace ridgeline {

/// The losses of a training's steps, which stay where they were computed until they are looked at:
/// to read a number of a GPU is to wait for all that it was given before.
class LossSum {
 public:
  /// `every`: looks are due after so many steps; 1 where reading costs nothing.
  explicit LossSum(int every) : every_(every) {}

  /// The loss of step `step`: one number, on any device.
  void add(int64_t step, const at::Tensor& loss);
  bool due() const { return static_cast<int>(pending_.size()) >= every_; }

  struct NotFinite {
    int64_t step = 0;
    double loss = 0;
  };
  /// Adds the losses since the last look to `sum`, in order and in double, up to the first that is
  /// not finite; that one is returned.
  std::optional<NotFinite> look(double& sum);

 private:
  int every_;
  int64_t first_step_ = 0;  // of the pending ones
  std::vector<at::Tensor> pending_;
};

}  // namespace ridgeline
