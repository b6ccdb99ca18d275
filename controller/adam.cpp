#include "controller/adam.h"

#include <cmath>

#include "controller/lstm_kernels.h"

namespace ridgeline {
namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr float kEpsilon = 1e-8f;

}  // namespace

void Adam::step(std::span<float> weights, std::span<const float> gradient) {
  ++steps;
  const double count = static_cast<double>(steps);
  const AdamStep step{
      .mean_rate = static_cast<float>(1.0 - kBeta1),
      .variance_rate = static_cast<float>(1.0 - kBeta2),
      .mean_scale = static_cast<float>(learning_rate / (1.0 - std::pow(kBeta1, count))),
      .variance_scale = static_cast<float>(1.0 / (1.0 - std::pow(kBeta2, count))),
      .epsilon = kEpsilon};
  adam_update(step, gradient, weights, mean, variance);
}

}  // namespace ridgeline
