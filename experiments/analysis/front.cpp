#include "experiments/analysis/front.h"

#include "reward/pareto.h"

namespace ridgeline {

std::vector<Trial> front_of(const std::vector<Trial>& trials) {
  std::vector<const Trial*> complete;
  std::vector<ParetoPoint> points;
  for (const Trial& trial : trials) {
    if (trial.status != TrialStatus::kComplete) continue;
    complete.push_back(&trial);
    points.push_back({trial.accuracy, trial.latency_ms()});
  }
  std::vector<Trial> front;
  for (const size_t i : pareto_front(points)) front.push_back(*complete[i]);
  return front;
}

}  // namespace ridgeline
