#include "experiments/analysis/policy_history.h"

#include <algorithm>
#include <set>

#include "controller/policy/make_controller.h"
#include "experiments/feedback.h"

namespace ridgeline {
namespace {

/// Of marginals that have no closed form: a probability is then within 0.05.
constexpr int kSamples = 400;

PolicyMoment look(Controller& controller, const ExperimentConfig& config, int updates,
                  size_t trials) {
  RandomStream stream(config.seed, static_cast<uint64_t>(updates), "explain");
  return {updates, trials, controller.marginals(kSamples, stream)};
}

std::set<int> moments_of(int updates, int moments) {
  std::set<int> chosen;
  for (int i = 0; i < moments; ++i)
    chosen.insert(static_cast<int>(static_cast<int64_t>(updates) * i / (moments - 1)));
  return chosen;
}

/// One update as it was made: in asynchronous mode with the weights of that time.
void relearn(const ExperimentConfig& config, std::vector<Trial> batch,
             const std::vector<Proposal>& proposals, Controller& controller) {
  const StoppedEffect stopped = config.search.early_stopping.effect;
  std::erase_if(batch,
                [&](const Trial& trial) { return !teaches(trial, config.failures, stopped); });
  std::sort(batch.begin(), batch.end(), [](const Trial& a, const Trial& b) { return a.id < b.id; });
  Feedback feedback;
  for (const Trial& trial : batch) feedback.add(trial, config.failures, stopped);
  if (config.search.mode == SearchMode::kSynchronous || batch.empty()) {
    feedback.update(controller);
    return;
  }
  const auto log_p_now = controller.log_probabilities(feedback.genotypes());
  for (size_t i = 0; i < batch.size(); ++i) {
    const auto proposal =
        std::lower_bound(proposals.begin(), proposals.end(), batch[i].id,
                         [](const Proposal& candidate, uint64_t id) { return candidate.id < id; });
    if (proposal == proposals.end() || proposal->id != batch[i].id) {
      throw Error(ErrorKind::kRun, "the store holds trial " + std::to_string(batch[i].id) +
                                       " but no proposal of it: it is damaged");
    }
    const double ratio = importance_ratio(log_p_now[i], proposal->log_probability);
    feedback.weigh(i, std::min(ratio, config.search.importance_clip));
  }
  feedback.update(controller);
}

}  // namespace

std::vector<PolicyMoment> policy_history(const ExperimentConfig& config,
                                         const std::vector<Decision>& decisions,
                                         const TrialStore& store, int moments) {
  std::vector<Trial> trials = store.trials(Phase::kSearch, /*architectures=*/false);
  std::sort(trials.begin(), trials.end(),
            [](const Trial& a, const Trial& b) { return a.commit_index < b.commit_index; });
  std::vector<Proposal> proposals;
  if (config.search.mode == SearchMode::kAsynchronous) proposals = store.proposals();
  const int updates = store.batches();
  const std::set<int> wanted = moments_of(updates, moments);
  const auto controller = make_controller(config.controller, decisions, config.seed);
  std::vector<PolicyMoment> history = {look(*controller, config, 0, 0)};
  size_t next = 0;
  for (int update = 0; update < updates && next < trials.size(); ++update) {
    std::vector<Trial> batch;
    for (; next < trials.size() && trials[next].batch <= update; ++next)
      batch.push_back(trials[next]);
    relearn(config, std::move(batch), proposals, *controller);
    if (wanted.contains(update + 1)) history.push_back(look(*controller, config, update + 1, next));
  }
  return history;
}

}  // namespace ridgeline
