#include "controller/screening.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <set>

#include "controller/mutation.h"
#include "controller/predictor.h"
#include "controller/state.h"

namespace ridgeline {
namespace {

/// Candidates per proposal where trials cost anything (measured: docs/search.md).
constexpr int kDefault = 32;
/// With fewer trials a proposal is the draw itself.
constexpr size_t kFewest = 16;
/// Trials that are remembered: what a fit takes grows with their cube.
constexpr size_t kMost = 256;
/// Of pending proposals, as many of the latest shrink the predictor's deviations.
constexpr size_t kMostPending = 64;
/// Every other proposal is chosen among so many candidates.
constexpr size_t kFew = 16;
/// Mutations in a row that may make one candidate.
constexpr int kMostMutations = 20;

class Screened final : public ControllerDecorator {
 public:
  Screened(std::unique_ptr<Novel> inner, ControllerKind kind,
           const std::vector<Decision>& decisions, int candidates)
      : ControllerDecorator(std::move(inner)),
        kind_(kind),
        decisions_(decisions),
        candidates_(candidates) {}

  std::vector<Genotype> sample(int n, RandomStream& stream) override;

  void add_pending(std::span<const Genotype> proposed) override {
    inner().add_pending(proposed);
    for (const auto& genotype : proposed) {
      if (std::find(pending_.begin(), pending_.end(), genotype) == pending_.end())
        pending_.push_back(genotype);
    }
  }

  UpdateStats update(std::span<const Observation> batch) override {
    const UpdateStats stats = inner().update(batch);
    remember(batch);
    return stats;
  }

  std::string save() const override;
  void restore(const std::string& bytes) override;

 private:
  Novel& novel() { return static_cast<Novel&>(inner()); }
  std::vector<Genotype> pool(int n, const std::vector<Genotype>& drawn, RandomStream& stream);
  std::vector<Genotype> parents() const;
  std::vector<Genotype> choose(size_t n, std::vector<Genotype> pool, RandomStream& stream);
  void remember(std::span<const Observation> batch);
  void forget();
  const RewardPredictor& predictor();

  ControllerKind kind_;
  std::vector<Decision> decisions_;
  int candidates_;
  uint64_t observed_ = 0;               // trials, forgotten ones too
  std::vector<PredictorTrial> trials_;  // remembered, in the order observed
  std::vector<Genotype>
      pending_;  // different ones, in the order added; observed ones may be among them
  std::optional<RewardPredictor> predictor_;  // of trials_ as they are; fitted when it is needed
};

// What is not drawn by `inner` uses a stream made from its draws, not `stream` itself: how much of
// that is used up must not depend on what is known.
std::vector<Genotype> Screened::sample(int n, RandomStream& stream) {
  if (trials_.size() < kFewest) return inner().sample(n, stream);
  // Here and not in `update`: a resumed search adds all proposals, then restores what was observed.
  std::erase_if(pending_, [this](const Genotype& genotype) { return novel().observed(genotype); });
  const auto drawn = novel().draw(n * std::max(1, candidates_ / 4), stream);
  std::string texts;
  for (const auto& genotype : drawn) texts += to_text(genotype) + ' ';
  RandomStream own(hash_text(texts), observed_ + pending_.size(), "screening");
  auto chosen = choose(static_cast<size_t>(n), pool(n, drawn, own), own);
  // A space that is nearly used up has too few new points nearby.
  const int missing = n - static_cast<int>(chosen.size());
  for (auto& genotype : inner().sample(missing, own)) chosen.push_back(std::move(genotype));
  return chosen;
}

/// The new ones of `drawn`, and mutations of the best trials; no two alike.
std::vector<Genotype> Screened::pool(int n, const std::vector<Genotype>& drawn,
                                     RandomStream& stream) {
  std::vector<Genotype> pool;
  std::set<Genotype> taken;
  const auto add = [&](const Genotype& genotype) {
    if (novel().knows(genotype) || !taken.insert(genotype).second) return false;
    pool.push_back(genotype);
    return true;
  };
  const int mutations = n * candidates_ - static_cast<int>(drawn.size());
  for (const auto& genotype : drawn) add(genotype);
  const auto best = parents();
  // The logarithm of the parent's rank is uniform; each further mutation has half the odds.
  for (int i = 0; i < mutations; ++i) {
    const double rank = std::pow(static_cast<double>(best.size()) + 1, stream.uniform());
    Genotype genotype = best[std::min(static_cast<size_t>(rank), best.size()) - 1];
    for (int step = 0; step < kMostMutations; ++step) {
      genotype = mutated(decisions_, genotype, stream);
      if (stream.uniform() < 0.5) continue;
      if (add(genotype)) break;
    }
  }
  return pool;
}

/// The complete trials, best first; all where none is complete.
std::vector<Genotype> Screened::parents() const {
  std::vector<PredictorTrial> sorted;
  for (const auto& trial : trials_) {
    if (trial.complete) sorted.push_back(trial);
  }
  if (sorted.empty()) sorted = trials_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.reward > b.reward; });
  std::vector<Genotype> genotypes;
  for (auto& trial : sorted) genotypes.push_back(std::move(trial.genotype));
  return genotypes;
}

std::vector<Genotype> Screened::choose(size_t n, std::vector<Genotype> pool, RandomStream& stream) {
  const size_t open = pool.size();
  const size_t pending = std::min(pending_.size(), kMostPending);
  pool.insert(pool.end(), pending_.end() - static_cast<std::ptrdiff_t>(pending), pending_.end());
  Candidates candidates(predictor().process(), std::move(pool));
  for (size_t i = open; i < candidates.size(); ++i) candidates.believe(i);
  std::vector<size_t> left(open);
  for (size_t i = 0; i < open; ++i) left[i] = i;
  std::vector<Genotype> chosen;
  while (chosen.size() < n && !left.empty()) {
    const bool from_few = (observed_ + pending_.size() + chosen.size()) % 2 == 1;
    const size_t judged = from_few ? std::min(kFew, left.size()) : left.size();
    // The first `judged` of `left` are a random subset.
    for (size_t i = 0; from_few && i < judged; ++i) {
      const auto other = stream.below(static_cast<int>(left.size() - i));
      std::swap(left[i], left[i + static_cast<size_t>(other)]);
    }
    size_t best = 0;
    double most = -std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < judged; ++i) {
      const double promise = log_expected_improvement(
          candidates.mean(left[i]), candidates.deviation(left[i]), predictor().best());
      if (!(promise > most)) continue;
      most = promise;
      best = i;
    }
    chosen.push_back(candidates.genotype(left[best]));
    if (chosen.size() < n) candidates.believe(left[best]);
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(best));
  }
  return chosen;
}

const RewardPredictor& Screened::predictor() {
  if (!predictor_) predictor_.emplace(decisions_, trials_);
  return *predictor_;
}

void Screened::remember(std::span<const Observation> batch) {
  if (batch.empty()) return;
  predictor_.reset();
  observed_ += batch.size();
  for (const auto& observation : batch) {
    const bool complete = !observation.objectives || observation.objectives->complete;
    trials_.push_back({observation.genotype, observation.reward, complete});
  }
  if (trials_.size() > kMost) forget();
}

/// Leaves kMost: the better half of them are the best, the others the latest of the rest.
void Screened::forget() {
  std::vector<double> sorted;
  for (const auto& trial : trials_) sorted.push_back(trial.reward);
  const auto nth = sorted.begin() + kMost / 2;
  std::nth_element(sorted.begin(), nth, sorted.end(), std::greater<>());
  size_t excess = trials_.size() - kMost;
  std::vector<PredictorTrial> kept;
  for (auto& trial : trials_) {
    if (excess > 0 && trial.reward <= *nth) {
      --excess;
      continue;
    }
    kept.push_back(std::move(trial));
  }
  trials_ = std::move(kept);
}

std::string Screened::save() const {
  StateWriter writer(kind_, decisions_);
  writer.text(inner().save());
  writer.integer(observed_);
  writer.integer(trials_.size());
  for (const auto& trial : trials_) {
    writer.text(to_text(trial.genotype));
    writer.number(trial.reward);
    writer.integer(trial.complete ? 1 : 0);
  }
  return writer.finish();
}

void Screened::restore(const std::string& bytes) {
  StateReader reader(bytes, kind_, decisions_);
  const std::string state = reader.text();
  const uint64_t observed = reader.integer();
  std::vector<PredictorTrial> trials;
  for (uint64_t left = reader.integer(); left > 0; --left) {
    Genotype genotype = genotype_from_text(reader.text());
    const double reward = reader.number();
    trials.push_back({std::move(genotype), reward, reader.integer() != 0});
  }
  reader.finish();
  inner().restore(state);
  observed_ = observed;
  trials_ = std::move(trials);
  predictor_.reset();
}

}  // namespace

void choose_screening(bool free_trials, ControllerConfig& config) {
  if (config.screening) return;
  const bool proposes_alike =
      config.kind == ControllerKind::kRandom || config.kind == ControllerKind::kNsga2;
  const bool draws_as_learned = config.redraws == 0;
  config.screening = free_trials || proposes_alike || draws_as_learned ? 1 : kDefault;
}

std::unique_ptr<Controller> make_screened(std::unique_ptr<Novel> inner, ControllerKind kind,
                                          const std::vector<Decision>& decisions, int candidates) {
  return std::make_unique<Screened>(std::move(inner), kind, decisions, candidates);
}

}  // namespace ridgeline
