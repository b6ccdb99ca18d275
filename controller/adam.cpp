#include "controller/adam.h"

#include <ATen/ATen.h>

#include <cmath>

namespace ridgeline {
namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr double kEpsilon = 1e-8;

}  // namespace

Adam::Adam(int64_t parameters, double rate)
    : learning_rate(rate),
      mean(at::zeros({parameters}, at::kFloat)),
      variance(at::zeros({parameters}, at::kFloat)) {}

void Adam::step(at::Tensor& weights, const at::Tensor& gradient) {
  const at::NoGradGuard no_grad;
  ++steps;
  mean.mul_(kBeta1).add_(gradient, 1.0 - kBeta1);
  variance.mul_(kBeta2).addcmul_(gradient, gradient, 1.0 - kBeta2);
  const double count = static_cast<double>(steps);
  const double mean_correction = 1.0 - std::pow(kBeta1, count);
  const double variance_correction = 1.0 - std::pow(kBeta2, count);
  const at::Tensor scale =
      variance.sqrt().div_(std::sqrt(variance_correction)).add_(kEpsilon);  // [parameters]
  weights.addcdiv_(mean, scale, -learning_rate / mean_correction);
}

}  // namespace ridgeline
