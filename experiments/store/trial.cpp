#include "experiments/store/trial.h"

#include <ctime>

namespace ridgeline {

bool better(const Trial& a, const Trial& b) {
  const bool a_complete = a.status == TrialStatus::kComplete;
  const bool b_complete = b.status == TrialStatus::kComplete;
  if (a_complete != b_complete) return a_complete;
  if (a.reward != b.reward) return a.reward > b.reward;
  if (a.latency_ms != b.latency_ms) return a.latency_ms < b.latency_ms;
  return a.id < b.id;
}

Trial like_twin(const Trial& repeat, const Trial& twin) {
  Trial trial = twin;
  trial.id = repeat.id;
  trial.batch = repeat.batch;
  trial.genotype = repeat.genotype;
  trial.architecture = repeat.architecture;
  trial.reused_from = static_cast<int64_t>(twin.id);
  trial.seconds = 0;
  return trial;
}

void forget_architecture(Trial& trial) {
  trial.architecture = {};
  trial.finished_at = {};
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace ridgeline
