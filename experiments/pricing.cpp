#include "experiments/pricing.h"

#include "core/logging.h"
#include "core/units.h"
#include "experiments/store/facts.h"
#include "latency/command_oracle.h"
#include "latency/measurement/measured.h"

namespace ridgeline {

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

void price(Trial& trial, const Scoring& scoring, const SearchParts& parts, bool fresh) {
  trial.architecture = parts.candidates.architecture(trial.genotype);
  if (!fresh) return;
  const CandidateNetwork candidate(trial.architecture);
  trial.params = candidate.cost.total.params;
  trial.madds = candidate.cost.total.madds;
  trial.reward = scoring.failure_reward();
  try {
    for (const auto& [accelerator, oracle] : parts.oracles)
      trial.latencies.push_back({accelerator, candidate.latency_ms(oracle)});
  } catch (const LatencyFailure& failure) {
    const bool late = failure.cause() == LatencyFailure::Cause::kTimedOut;
    trial.status = late ? TrialStatus::kTimeOut : TrialStatus::kCrashed;
    trial.cause = failure.what();
    return;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInfeasible) throw;
    trial.status = TrialStatus::kInfeasible;
    trial.cause = error.what();
    return;
  }
  scoring.judge(trial, candidate.cost);
}

}  // namespace ridgeline
