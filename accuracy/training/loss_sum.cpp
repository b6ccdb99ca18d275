#include "accuracy/training/loss_sum.h"

#include <ATen/ATen.h>

#include <cmath>

namespace ridgeline {

void LossSum::add(int64_t step, const at::Tensor& loss) {
  if (pending_.empty()) first_step_ = step;
  pending_.push_back(loss.detach().reshape({}));
}

std::optional<LossSum::NotFinite> LossSum::look(double& sum) {
  if (pending_.empty()) return std::nullopt;
  const at::Tensor losses = at::stack(pending_).to(at::kCPU, at::kDouble);
  pending_.clear();
  const double* values = losses.data_ptr<double>();
  for (int64_t i = 0; i < losses.numel(); ++i) {
    if (!std::isfinite(values[i])) return NotFinite{first_step_ + i, values[i]};
    sum += values[i];
  }
  return std::nullopt;
}

}  // namespace ridgeline
