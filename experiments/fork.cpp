#include "experiments/fork.h"

#include "experiments/run_directory.h"

namespace ridgeline {

void fork_run(const std::filesystem::path& source, int at, const std::filesystem::path& target,
              const std::vector<std::string>& settings) {
  RunDirectory from = RunDirectory::read(source);
  if (from.config().search.mode == SearchMode::kAsynchronous) {
    throw Error(ErrorKind::kUsage,
                source.string() +
                    ": is an asynchronous run, whose trials have no fixed order to cut at; only "
                    "runs of search.mode synchronous can be forked");
  }
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
  trials.resize(static_cast<size_t>(at));
  RunDirectory to = RunDirectory::create(target, config);
  to.store().append_all(trials);
  to.store().append_event("forked", "the first " + std::to_string(at) + " trials of " +
                                        std::filesystem::absolute(source).string());
}

}  // namespace ridgeline
