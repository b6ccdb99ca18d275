#include "experiments/pricing.h"

#include "core/logging.h"
#include "core/units.h"
#include "experiments/store/facts.h"
#include "latency/command_oracle.h"
#include "latency/measurement/measured.h"
#include "network/cost.h"

namespace ridgeline {
namespace {

LatencyConfig at_recorded_speed(const LatencyConfig& config, const std::string& key,
                                TrialStore& store) {
  const auto recorded = store.fact(key);
  LatencyConfig result =
      at_one_speed(config, recorded ? std::optional(std::stod(*recorded)) : std::nullopt);
  if (!recorded && result.reference_ms && !config.reference_ms) {
    store.set_fact(key, ConfigWriter::plain_number(*result.reference_ms));
    spdlog::info("latencies are stated at the speed at which the reference network takes {}",
                 format_ms(*result.reference_ms));
  }
  return result;
}

}  // namespace

ExperimentConfig at_recorded_speed(ExperimentConfig config, TrialStore& store) {
  config.latency = at_recorded_speed(config.latency, reference_fact(""), store);
  if (!config.accelerators) return config;
  for (AcceleratorConfig& accelerator : *config.accelerators) {
    accelerator.latency =
        at_recorded_speed(accelerator.latency, reference_fact(accelerator.name), store);
  }
  return config;
}

Architecture architecture_of(const Genotype& genotype, const SearchParts& parts) {
  Architecture architecture = parts.space.decode(genotype);
  if (parts.classes > 0) architecture.classes = parts.classes;
  if (parts.input_channels > 0) architecture.input_channels = parts.input_channels;
  return architecture;
}

void price(Trial& trial, const Scoring& scoring, const SearchParts& parts, bool fresh,
           Network& network) {
  trial.architecture = architecture_of(trial.genotype, parts);
  const Architecture& architecture = trial.architecture;
  if (!fresh) return;
  NetworkCost account;
  if (!architecture.is_plain()) {
    network = lower(architecture, std::move(network));
    account = cost(network);
  }
  trial.params = account.total.params;
  trial.madds = account.total.madds;
  trial.reward = scoring.failure_reward();
  try {
    trial.latency_ms = parts.oracle.estimate_architecture(architecture, network).ms;
    for (const auto& [accelerator, oracle] : parts.further)
      trial.further.push_back(
          {accelerator, oracle.estimate_architecture(architecture, network).ms});
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
  scoring.judge(trial, account);
}

}  // namespace ridgeline
