#include "experiments/trial_runner.h"

namespace ridgeline {
namespace {
constexpr std::chrono::milliseconds kPatience{200};
}

void TrialRunner::submit(const TrialSpec& spec) { executor_.submit({spec}); }

std::optional<TrialResult> TrialRunner::next() {
  while (executor_.in_flight() > 0) {
    if (auto result = executor_.next(kPatience)) return result;
  }
  return std::nullopt;
}

}  // namespace ridgeline
