#include "accuracy/training/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ridgeline {

double learning_rate_at(const TrainingConfig& config, int epochs, int64_t steps_per_epoch,
                        int64_t step) {
  const int64_t total = epochs * steps_per_epoch;
  const auto wanted = std::llround(config.warmup_epochs * static_cast<double>(steps_per_epoch));
  const int64_t warmup = std::min<int64_t>(wanted, total / 2);
  const double peak = config.learning_rate;
  if (step < warmup) return peak * static_cast<double>(step + 1) / static_cast<double>(warmup);
  switch (config.schedule) {
    case ScheduleKind::kConstant:
      return peak;
    case ScheduleKind::kCosine: {
      const double part = static_cast<double>(step - warmup) / static_cast<double>(total - warmup);
      return peak * 0.5 * (1.0 + std::cos(std::numbers::pi * part));
    }
    case ScheduleKind::kExponential: {
      const double epoch = static_cast<double>(step) / static_cast<double>(steps_per_epoch);
      return peak * std::pow(config.decay_rate, std::floor(epoch / config.decay_epochs));
    }
  }
  return peak;
}

}  // namespace ridgeline
