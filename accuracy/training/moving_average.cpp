#include "accuracy/training/moving_average.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>

#include "accuracy/training/training_checkpoint.h"

namespace ridgeline {

MovingAverage::MovingAverage(torch::nn::Module& module, double decay) : decay_(decay) {
  const at::NoGradGuard no_gradients;
  for (const auto& parameter : module.parameters()) values_.push_back(parameter);
  for (const auto& buffer : module.buffers()) {
    if (buffer.is_floating_point()) values_.push_back(buffer);
  }
  for (const auto& value : values_) averages_.push_back(value.detach().clone());
}

void MovingAverage::update() {
  const at::NoGradGuard no_gradients;
  ++updates_;
  const auto n = static_cast<double>(updates_);
  const double decay = std::min(decay_, (1.0 + n) / (10.0 + n));
  for (size_t i = 0; i < values_.size(); ++i) averages_[i].lerp_(values_[i], 1.0 - decay);
}

void MovingAverage::apply() const {
  const at::NoGradGuard no_gradients;
  for (size_t i = 0; i < values_.size(); ++i) {
    at::Tensor value = values_[i];
    value.copy_(averages_[i]);
  }
}

void MovingAverage::swap() {
  const at::NoGradGuard no_gradients;
  for (size_t i = 0; i < values_.size(); ++i) {
    const at::Tensor value = values_[i].clone();
    values_[i].copy_(averages_[i]);
    averages_[i].copy_(value);
  }
}

void MovingAverage::save(torch::serialize::OutputArchive& archive) const {
  archive.write("updates", at::scalar_tensor(updates_, at::kLong));
  for (size_t i = 0; i < averages_.size(); ++i)
    archive.write("average" + std::to_string(i), averages_[i]);
}

void MovingAverage::load(torch::serialize::InputArchive& archive) {
  const at::NoGradGuard no_gradients;
  updates_ = read_tensor(archive, "updates").item<int64_t>();
  for (size_t i = 0; i < averages_.size(); ++i)
    averages_[i].copy_(read_tensor(archive, "average" + std::to_string(i)));
}

}  // namespace ridgeline
