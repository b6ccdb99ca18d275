#include "experiments/paper/block_search.h"

#include "controller/policy/make_controller.h"
#include "core/parallel.h"

namespace ridgeline::paper {
namespace {

constexpr int kBatchOfTrials = 16;
constexpr double kExponent = -0.09;

bool better(const Scored& a, const Scored& b) {
  return a.reward != b.reward ? a.reward > b.reward : a.genotype < b.genotype;
}

std::vector<Scored> score_all(const Problem& problem, const std::vector<Genotype>& genotypes) {
  std::vector<Scored> scored(genotypes.size());
  parallel_for(genotypes.size(), [&](size_t i) { scored[i] = problem.score(genotypes[i]); });
  return scored;
}

/// The genotype with other choices at `changes`; decisions that this makes meaningless or
/// meaningful are repaired, the latter with their first choice.
Genotype changed(const std::vector<Decision>& decisions, Genotype genotype,
                 const std::vector<std::pair<size_t, int>>& changes) {
  for (const auto& [decision, choice] : changes) genotype[decision] = choice;
  for (size_t i = 0; i < decisions.size(); ++i) {
    const bool active = is_active(decisions[i], genotype);
    if (!active) genotype[i] = kInactive;
    if (active && genotype[i] == kInactive) genotype[i] = 0;
  }
  return genotype;
}

/// Scores each network once.
class Cache {
 public:
  explicit Cache(const Problem& problem) : problem_(problem) {}
  /// The best of `genotypes`.
  Scored best_of(const std::vector<Genotype>& genotypes) {
    std::vector<Genotype> fresh;
    for (const Genotype& genotype : genotypes) {
      if (known_.try_emplace(genotype).second) fresh.push_back(genotype);
    }
    for (Scored& scored : score_all(problem_, fresh)) {
      const Genotype key = scored.genotype;
      known_[key] = std::move(scored);
    }
    const Scored* best = nullptr;
    for (const Genotype& genotype : genotypes) {
      const Scored& scored = known_.at(genotype);
      if (best == nullptr || better(scored, *best)) best = &scored;
    }
    return *best;
  }
  int size() const { return static_cast<int>(known_.size()); }

 private:
  const Problem& problem_;
  std::map<Genotype, Scored> known_;
};

std::vector<Genotype> single_changes(const Problem& problem, const Genotype& from) {
  std::vector<Genotype> result = {from};
  for (size_t i = 0; i < from.size(); ++i) {
    for (int choice = 0; choice < problem.decisions[i].choices(); ++choice) {
      if (from[i] == kInactive || from[i] == choice) continue;
      result.push_back(changed(problem.decisions, from, {{i, choice}}));
    }
  }
  return result;
}

std::vector<Genotype> pair_changes(const Problem& problem, const Genotype& from) {
  std::vector<Genotype> result = {from};
  const auto choices = [&](size_t i) {
    return from[i] == kInactive ? 0 : problem.decisions[i].choices();
  };
  for (size_t i = 0; i < from.size(); ++i) {
    for (size_t j = i + 1; j < from.size(); ++j) {
      for (int a = 0; a < choices(i); ++a) {
        for (int b = 0; b < choices(j); ++b) {
          if (a == from[i] || b == from[j]) continue;
          result.push_back(changed(problem.decisions, from, {{i, a}, {j, b}}));
        }
      }
    }
  }
  return result;
}

Scored climb(const Problem& problem, Cache& cache, const Genotype& start) {
  Scored at = cache.best_of({start});
  for (;;) {
    Scored next = cache.best_of(single_changes(problem, at.genotype));
    if (!better(next, at)) next = cache.best_of(pair_changes(problem, at.genotype));
    if (!better(next, at)) return at;
    at = next;
  }
}

}  // namespace

Reward paper_reward(double target_ms) {
  RewardConfig config;
  config.target_ms = target_ms;
  config.w = kExponent;
  return Reward(config);
}

Problem block_problem(const SearchSpace& space, const LatencyOracle& oracle,
                      const BlockAccuracy& accuracy, const Reward& reward) {
  return {space.decisions(), [&](const Genotype& genotype) {
            Scored scored{.genotype = genotype, .architecture = space.decode(genotype)};
            const Network network = lower(scored.architecture);
            scored.accuracy = accuracy(scored.architecture, network);
            scored.latency_ms = oracle.estimate(network).ms;
            scored.reward = reward(scored.accuracy, scored.latency_ms);
            return scored;
          }};
}

SearchOutcome search(const Problem& problem, const SearchPlan& plan) {
  ControllerConfig config;
  config.kind = plan.controller;
  const auto controller = make_controller(config, problem.decisions, plan.seed);
  SearchOutcome outcome;
  for (uint64_t batch = 0; outcome.trials < plan.trials; ++batch) {
    RandomStream stream(plan.seed, batch, "paper search");
    const int count = std::min(kBatchOfTrials, plan.trials - outcome.trials);
    const std::vector<Genotype> proposed = controller->sample(count, stream);
    std::vector<Scored> scored;
    if (plan.parallel) {
      scored = score_all(problem, proposed);
    } else {
      for (const Genotype& genotype : proposed) scored.push_back(problem.score(genotype));
    }
    std::vector<Observation> observations;
    for (const Scored& trial : scored) {
      observations.push_back({.genotype = trial.genotype,
                              .reward = trial.reward,
                              .objectives = Objectives{trial.accuracy, trial.latency_ms, true}});
      if (outcome.trials++ == 0 || better(trial, outcome.best)) outcome.best = trial;
    }
    controller->update(observations);
  }
  return outcome;
}

Reference reference_sweep(const Problem& problem, const std::vector<Genotype>& starts) {
  Cache cache(problem);
  std::vector<Scored> ends;
  for (const Genotype& start : starts) ends.push_back(climb(problem, cache, start));
  Reference result{.best = ends.front(), .starts = static_cast<int>(starts.size())};
  for (const Scored& end : ends) {
    if (better(end, result.best)) result.best = end;
  }
  for (const Scored& end : ends) result.agreeing += end.genotype == result.best.genotype ? 1 : 0;
  result.evaluations = cache.size();
  return result;
}

std::vector<Genotype> random_starts(const Problem& problem, int count) {
  RandomStream stream(1, 0, "paper reference");
  std::vector<Genotype> starts;
  for (int i = 0; i < count; ++i) starts.push_back(random_genotype(problem.decisions, stream));
  return starts;
}

}  // namespace ridgeline::paper
