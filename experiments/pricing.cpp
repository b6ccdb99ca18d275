#include "experiments/pricing.h"

#include "core/units.h"
#include "latency/command_oracle.h"
#include "network/cost.h"

namespace ridgeline {

void price(Trial& trial, const Genotype& genotype, const ExperimentConfig& config,
           const SearchParts& parts, bool fresh, Network& network) {
  Architecture architecture = parts.space.decode(genotype);
  if (parts.classes > 0) architecture.classes = parts.classes;
  if (parts.input_channels > 0) architecture.input_channels = parts.input_channels;
  trial.architecture = to_yaml(architecture);
  if (!fresh) return;
  network = lower(architecture, std::move(network));
  const OperatorCost total = cost(network).total;
  trial.params = total.params;
  trial.madds = total.madds;
  try {
    trial.latency_ms = parts.oracle.estimate_architecture(architecture, network).ms;
  } catch (const LatencyFailure& failure) {
    const bool late = failure.cause() == LatencyFailure::Cause::kTimedOut;
    trial.status = late ? TrialStatus::kTimeOut : TrialStatus::kCrashed;
    trial.message = failure.what();
    return;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInfeasible) throw;
    trial.status = TrialStatus::kInfeasible;
    trial.message = error.what();
    return;
  }
  const double limit = config.search.max_latency_ratio * config.reward.target_ms;
  if (limit > 0 && trial.latency_ms > limit) {
    trial.status = TrialStatus::kInfeasible;
    trial.message =
        "latency " + format_ms(trial.latency_ms) + " is over " + format_ms(limit) + ": not trained";
  }
}

}  // namespace ridgeline
