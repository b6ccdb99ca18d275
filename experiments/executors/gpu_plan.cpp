#include "experiments/executors/gpu_plan.h"

#include <algorithm>

#include "experiments/executors/trial_process.h"

namespace ridgeline {
namespace {

bool contains(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

}  // namespace

std::vector<std::string> GpuPlan::of_slot(int slot) const {
  if (gpus.empty()) return {};
  if (!chosen) return gpus;
  return gpus_of_slot(gpus, slot, processes);
}

bool GpuPlan::slots_overlap(int a, int b) const {
  const auto first = of_slot(a), second = of_slot(b);
  return std::any_of(first.begin(), first.end(),
                     [&](const std::string& gpu) { return contains(second, gpu); });
}

int GpuPlan::trials_beside(int slot) const {
  int most = 1;
  for (const std::string& gpu : of_slot(slot)) {
    int trials = 0;
    for (int other = 0; other < workers; ++other) trials += contains(of_slot(other), gpu);
    most = std::max(most, trials);
  }
  return most;
}

std::string GpuPlan::measured_of_slot(int slot) const {
  const auto own = of_slot(slot);
  const auto found = std::find_first_of(own.begin(), own.end(), measuring.begin(), measuring.end());
  return found == own.end() ? std::string() : *found;
}

int GpuPlan::processes_beside(int slot) const {
  return trials_beside(slot) + (measured_of_slot(slot).empty() ? 0 : 1);
}

std::optional<int> GpuPlan::free_slot(const std::vector<int>& running,
                                      const std::vector<int>& reserved) const {
  for (int slot = 0; slot < workers; ++slot) {
    if (std::find(running.begin(), running.end(), slot) != running.end()) continue;
    const bool kept = std::any_of(reserved.begin(), reserved.end(), [&](int other) {
      return slot == other || slots_overlap(slot, other);
    });
    if (!kept) return slot;
  }
  return std::nullopt;
}

}  // namespace ridgeline
