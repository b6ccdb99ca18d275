#include "experiments/pricing.h"

#include "core/logging.h"
#include "core/random.h"
#include "core/units.h"
#include "experiments/store/facts.h"
#include "latency/command_oracle.h"
#include "latency/measurement/measured.h"

namespace ridgeline {
namespace {

class RecordedOracle : public LatencyOracle {
 public:
  RecordedOracle(TrialStore& store, std::string accelerator, std::shared_ptr<LatencyOracle> oracle,
                 Pricing pricing)
      : store_(store),
        accelerator_(std::move(accelerator)),
        oracle_(std::move(oracle)),
        pricing_(pricing) {}
  Latency estimate(const Network& network) const override { return oracle_->estimate(network); }
  using LatencyOracle::estimate_architecture;
  Latency estimate_architecture(const Architecture& architecture,
                                const Network& lowered) const override {
    const uint64_t network = hash_text(to_yaml(architecture));
    const std::string key = pricing_ == Pricing::kSearch
                                ? latency_fact(network, accelerator_)
                                : finalist_latency_fact(network, accelerator_);
    Latency latency;
    if (const auto recorded = store_.fact(key)) {
      latency.ms = std::stod(*recorded);
      return latency;
    }
    latency = oracle_->estimate_architecture(architecture, lowered);
    store_.set_fact(key, ConfigWriter::plain_number(latency.ms));
    return latency;
  }
  void require(const SearchSpace& space) const override { oracle_->require(space); }
  std::string description() const override { return oracle_->description(); }

 private:
  TrialStore& store_;
  std::string accelerator_;
  std::shared_ptr<LatencyOracle> oracle_;
  Pricing pricing_;
};

}  // namespace

std::unique_ptr<LatencyOracle> recorded_in(TrialStore& store, const std::string& accelerator,
                                           std::shared_ptr<LatencyOracle> oracle, Pricing pricing) {
  return std::make_unique<RecordedOracle>(store, accelerator, std::move(oracle), pricing);
}

ExperimentConfig at_recorded_speed(ExperimentConfig config, TrialStore& store) {
  auto targets = config.targets();
  for (auto& [name, target_ms, latency] : targets) {
    const std::string key = reference_fact(name);
    const auto recorded = store.fact(key);
    const bool fixed = recorded || latency.measured.reference_ms;
    latency = at_one_speed(latency, recorded ? std::optional(std::stod(*recorded)) : std::nullopt);
    if (fixed || !latency.measured.reference_ms) continue;
    store.set_fact(key, ConfigWriter::plain_number(*latency.measured.reference_ms));
    spdlog::info("latencies are stated at the speed at which the reference network takes {}",
                 format_ms(*latency.measured.reference_ms));
  }
  config.set_targets(targets);
  return config;
}

bool price_on(Trial& trial, const CandidateNetwork& candidate,
              const std::vector<TargetOracle>& oracles) {
  try {
    for (const auto& [accelerator, oracle] : oracles)
      trial.latencies.push_back({accelerator, candidate.latency_ms(oracle)});
  } catch (const LatencyFailure& failure) {
    const bool late = failure.cause() == LatencyFailure::Cause::kTimedOut;
    trial.status = late ? TrialStatus::kTimeOut : TrialStatus::kCrashed;
    trial.cause = failure.what();
    return false;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInfeasible) throw;
    trial.status = TrialStatus::kInfeasible;
    trial.cause = error.what();
    return false;
  }
  return true;
}

void price(Trial& trial, const Scoring& scoring, const SearchParts& parts, bool fresh) {
  trial.architecture = parts.candidates.architecture(trial.genotype);
  if (!fresh) return;
  const CandidateNetwork candidate(trial.architecture);
  trial.params = candidate.cost.total.params;
  trial.madds = candidate.cost.total.madds;
  trial.reward = scoring.failure_reward();
  if (price_on(trial, candidate, parts.oracles)) scoring.judge(trial, candidate.cost);
}

}  // namespace ridgeline
