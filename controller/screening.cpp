#include "controller/screening.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "controller/decorator.h"
#include "controller/predictor.h"
#include "controller/state.h"

namespace ridgeline {
namespace {

/// Draws per proposal where trials cost anything (measured: docs/search.md).
constexpr int kDefault = 4;
/// With fewer rewards a proposal is the first draw.
constexpr size_t kFewest = 16;
/// Rewards that are remembered: what a fit takes grows with their cube.
constexpr size_t kMost = 256;

class Screened final : public ControllerDecorator {
 public:
  Screened(std::unique_ptr<Controller> inner, ControllerKind kind,
           const std::vector<Decision>& decisions, int candidates)
      : ControllerDecorator(std::move(inner)),
        kind_(kind),
        decisions_(decisions),
        candidates_(static_cast<size_t>(candidates)) {}

  std::vector<Genotype> sample(int n, RandomStream& stream) override;

  UpdateStats update(std::span<const Observation> batch) override {
    const UpdateStats stats = inner().update(batch);
    remember(batch);
    return stats;
  }

  std::string save() const override;
  void restore(const std::string& bytes) override;

 private:
  void remember(std::span<const Observation> batch);
  void forget();
  const RewardPredictor& predictor();

  ControllerKind kind_;
  std::vector<Decision> decisions_;
  size_t candidates_;
  std::vector<Genotype> genotypes_;  // remembered, in the order told
  std::vector<double> rewards_;
  std::optional<RewardPredictor> predictor_;  // of what is remembered now; fitted when it is needed
};

std::vector<Genotype> Screened::sample(int n, RandomStream& stream) {
  if (genotypes_.size() < kFewest) return inner().sample(n, stream);
  auto drawn = inner().sample(n * static_cast<int>(candidates_), stream);
  std::vector<Genotype> chosen;
  for (auto first = drawn.begin(); first != drawn.end();) {
    const auto last = first + static_cast<std::ptrdiff_t>(candidates_);
    std::vector<double> expected;
    for (auto draw = first; draw != last; ++draw) expected.push_back(predictor().predict(*draw));
    const auto best = std::max_element(expected.begin(), expected.end()) - expected.begin();
    chosen.push_back(std::move(*(first + best)));
    first = last;
  }
  return chosen;
}

const RewardPredictor& Screened::predictor() {
  if (!predictor_) predictor_.emplace().fit(genotypes_, rewards_);
  return *predictor_;
}

void Screened::remember(std::span<const Observation> batch) {
  if (batch.empty()) return;
  predictor_.reset();
  for (const auto& observation : batch) {
    genotypes_.push_back(observation.genotype);
    rewards_.push_back(observation.reward);
  }
  if (genotypes_.size() > kMost) forget();
}

/// Leaves kMost: the better half of them are the best, the others the latest of the rest.
void Screened::forget() {
  std::vector<double> sorted = rewards_;
  const auto nth = sorted.begin() + kMost / 2;
  std::nth_element(sorted.begin(), nth, sorted.end(), std::greater<>());
  size_t excess = genotypes_.size() - kMost;
  std::vector<Genotype> genotypes;
  std::vector<double> rewards;
  for (size_t i = 0; i < genotypes_.size(); ++i) {
    if (excess > 0 && rewards_[i] <= *nth) {
      --excess;
      continue;
    }
    genotypes.push_back(std::move(genotypes_[i]));
    rewards.push_back(rewards_[i]);
  }
  genotypes_ = std::move(genotypes);
  rewards_ = std::move(rewards);
}

std::string Screened::save() const {
  StateWriter writer(kind_, decisions_);
  writer.text(inner().save());
  writer.integer(genotypes_.size());
  for (size_t i = 0; i < genotypes_.size(); ++i) {
    writer.text(to_text(genotypes_[i]));
    writer.number(rewards_[i]);
  }
  return writer.finish();
}

void Screened::restore(const std::string& bytes) {
  StateReader reader(bytes, kind_, decisions_);
  const std::string state = reader.text();
  std::vector<Genotype> genotypes;
  std::vector<double> rewards;
  for (uint64_t left = reader.integer(); left > 0; --left) {
    genotypes.push_back(genotype_from_text(reader.text()));
    rewards.push_back(reader.number());
  }
  reader.finish();
  inner().restore(state);
  genotypes_ = std::move(genotypes);
  rewards_ = std::move(rewards);
  predictor_.reset();
}

}  // namespace

void settle_screening(bool free_trials, ControllerConfig& config) {
  if (config.screening) return;
  const bool proposes_alike =
      config.kind == ControllerKind::kRandom || config.kind == ControllerKind::kNsga2;
  const bool draws_as_learned = config.redraws == 0;
  config.screening = free_trials || proposes_alike || draws_as_learned ? 1 : kDefault;
}

std::unique_ptr<Controller> make_screened(std::unique_ptr<Controller> inner, ControllerKind kind,
                                          const std::vector<Decision>& decisions, int candidates) {
  return std::make_unique<Screened>(std::move(inner), kind, decisions, candidates);
}

}  // namespace ridgeline
