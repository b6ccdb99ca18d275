#include "experiments/pricing.h"

#include "latency/command_oracle.h"
#include "network/cost.h"

namespace ridgeline {

Architecture architecture_of(const Genotype& genotype, const SearchParts& parts) {
  Architecture architecture = parts.space.decode(genotype);
  if (parts.classes > 0) architecture.classes = parts.classes;
  if (parts.input_channels > 0) architecture.input_channels = parts.input_channels;
  return architecture;
}

void price(Trial& trial, const Genotype& genotype, const Scoring& scoring, const SearchParts& parts,
           bool fresh, Network& network) {
  const Architecture architecture = architecture_of(genotype, parts);
  trial.architecture = to_yaml(architecture);
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
    trial.message = failure.what();
    return;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInfeasible) throw;
    trial.status = TrialStatus::kInfeasible;
    trial.message = error.what();
    return;
  }
  scoring.judge(trial, account);
}

}  // namespace ridgeline
