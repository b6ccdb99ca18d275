#include "experiments/fork.h"

#include <algorithm>

#include "experiments/run_directory.h"

namespace ridgeline {

void fork_run(const std::filesystem::path& source, int at, const std::filesystem::path& target,
              const std::vector<std::string>& settings) {
  RunDirectory from = RunDirectory::read(source);
  auto trials = from.store().trials(Phase::kSearch);
  if (at < 0 || static_cast<size_t>(at) > trials.size()) {
    throw Error(ErrorKind::kUsage, "--at " + std::to_string(at) + ": " + source.string() + " has " +
                                       std::to_string(trials.size()) +
                                       " search trials; valid: from 0 to that number");
  }
  const ExperimentConfig config = load_experiment(from.config_file(), settings);
  ExperimentConfig as_before = config;
  as_before.search.trials = from.config().search.trials;
  as_before.failures = from.config().failures;
  if (as_before.result_identity() != from.config().result_identity()) {
    throw Error(ErrorKind::kUsage,
                "--set: a fork may change search.trials, failures.* and runtime.* only; anything "
                "else would change the trials that it takes over");
  }
  if (config.search.trials < at) {
    throw Error(ErrorKind::kUsage, "--set search.trials=" + std::to_string(config.search.trials) +
                                       ": the fork takes over " + std::to_string(at) +
                                       " trials; valid: at least so many");
  }
  std::sort(trials.begin(), trials.end(),
            [](const Trial& a, const Trial& b) { return a.commit_index < b.commit_index; });
  trials.resize(static_cast<size_t>(at));
  // In an asynchronous run, ids below the last one may have been in flight: they are in the fork,
  // and what became of them is known already.
  uint64_t ids = 0;
  for (const auto& trial : trials) ids = std::max(ids, trial.id + 1);
  auto proposals = from.store().proposals();
  std::erase_if(proposals, [&](const Proposal& proposal) { return proposal.id >= ids; });
  auto attempts = from.store().recorded_attempts();
  std::erase_if(attempts, [&](const RecordedAttempt& a) { return a.result.id >= ids; });
  RunDirectory to = RunDirectory::create(target, config);
  to.store().append_all(trials, proposals, attempts);
  to.store().append_event("forked", "the first " + std::to_string(at) + " trials of " +
                                        std::filesystem::absolute(source).string());
}

}  // namespace ridgeline
