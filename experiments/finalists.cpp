#include "experiments/finalists.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/logging.h"
#include "experiments/pricing.h"
#include "experiments/scoring.h"
#include "experiments/store/facts.h"

namespace ridgeline {
namespace {

/// The best trial of the search with this network.
std::optional<Trial> trial_with(const std::vector<Trial>& search, const Genotype& genotype) {
  std::optional<Trial> best;
  for (const Trial& trial : search) {
    if (trial.genotype == genotype && (!best || better(trial, *best))) best = trial;
  }
  return best;
}

Trial finalist_of(const Trial& searched, size_t i) {
  Trial trial;
  trial.id = kFirstFinalistId + i;
  trial.phase = Phase::kFinalists;
  trial.genotype = searched.genotype;
  trial.architecture = searched.architecture;
  trial.params = searched.params;
  trial.madds = searched.madds;
  return trial;
}

/// The latency anew; what it rules out is not trained.
void price_finalist(Trial& trial, const Scoring& scoring,
                    const std::vector<TargetOracle>& oracles) {
  trial.reward = scoring.failure_reward();
  const CandidateNetwork candidate(trial.architecture);
  if (price_on(trial, candidate, oracles)) scoring.judge(trial, candidate.cost);
}

}  // namespace

std::vector<Trial> finalists_of(const TrialStore& store, int count, bool architectures) {
  std::vector<Trial> trials = store.trials(Phase::kSearch, /*architectures=*/false);
  std::erase_if(trials, [](const Trial& t) { return t.status != TrialStatus::kComplete; });
  std::sort(trials.begin(), trials.end(), better);
  std::set<Genotype> taken;
  std::vector<Trial> finalists;
  for (const Trial& trial : trials) {
    if (finalists.size() == static_cast<size_t>(count)) break;
    if (!taken.insert(trial.genotype).second) continue;
    finalists.push_back(architectures ? store.find(trial.id).value() : trial);
  }
  return finalists;
}

void train_finalists(const ExperimentConfig& config, const FinalistParts& parts,
                     const TrialObserver& observer) {
  const int count = config.final_training.finalists;
  const auto chosen = finalists_of(parts.store, count);
  if (chosen.size() < static_cast<size_t>(count)) {
    spdlog::warn("final_training.finalists is {}, but only {} different networks are complete",
                 count, chosen.size());
  }
  const Scoring scoring(config);
  const auto finish = [&](Trial trial) {
    trial.finished_at = utc_now();
    parts.store.append(trial);
    if (observer) observer(trial);
  };
  std::map<uint64_t, Trial> running;
  for (size_t i = 0; i < chosen.size(); ++i) {
    Trial trial = finalist_of(chosen[i], i);
    if (parts.store.find(trial.id)) continue;
    price_finalist(trial, scoring, parts.oracles);
    if (trial.status != TrialStatus::kPending) {
      finish(std::move(trial));
    } else {
      running.emplace(trial.id, std::move(trial));
    }
  }
  for (const auto& [id, trial] : running) {
    parts.runner.submit({.architecture = trial.architecture,
                         .seed = config.seed,
                         .trial_id = id,
                         .epochs = config.final_training.epochs,
                         .weights_path = {}});
  }
  while (!running.empty()) {
    const auto result = parts.runner.next();
    if (!result)
      throw Error(ErrorKind::kInterrupted, "stopped during the training of the finalists");
    auto found = running.extract(result->id);
    if (found.empty()) continue;
    scoring.score(found.mapped(), result->evaluation);
    finish(std::move(found.mapped()));
  }
  if (parts.store.best(Phase::kFinalists)) return;
  throw Error(ErrorKind::kInfeasible,
              "none of the " + std::to_string(chosen.size()) +
                  " finalists is complete; see `ridgeline show` for how they failed");
}

std::optional<Winner> winner_of(const TrialStore& store) {
  if (store.fact(phase_fact(Phase::kFinalists))) {
    const auto finalist = store.best(Phase::kFinalists);
    const auto search = store.trials(Phase::kSearch, /*architectures=*/false);
    const auto trial = finalist ? trial_with(search, finalist->genotype) : std::nullopt;
    if (trial) return Winner{store.find(trial->id).value(), finalist};
  }
  const auto best = store.best(Phase::kSearch);
  return best ? std::optional(Winner{*best, std::nullopt}) : std::nullopt;
}

std::vector<FinalistPair> finalist_pairs(const TrialStore& store) {
  const auto finalists = store.trials(Phase::kFinalists, /*architectures=*/false);
  if (finalists.empty()) return {};
  const auto search = store.trials(Phase::kSearch, /*architectures=*/false);
  std::vector<FinalistPair> pairs;
  for (const Trial& finalist : finalists) {
    if (const auto trial = trial_with(search, finalist.genotype))
      pairs.push_back({*trial, finalist});
  }
  return pairs;
}

void check_finalists(const ExperimentConfig& config, const std::string& where) {
  if (config.final_training.finalists <= config.search.trials) return;
  throw Error(ErrorKind::kConfig, where + ": must be at most search.trials, which is " +
                                      std::to_string(config.search.trials) + "; got " +
                                      std::to_string(config.final_training.finalists));
}

}  // namespace ridgeline
