#pragma once

#include <memory>
#include <string>

#include "experiments/search.h"

namespace ridgeline {

/// What is known of a proposal before it is trained: fills `trial`'s architecture and, where
/// `fresh`, its cost and latency; a repeated network takes its figures from its twin instead. A
/// network that `Scoring::judge` rules out, or that is too large for the hardware, gets
/// status `infeasible`; one whose latency could not be had gets `time_out` or `crashed`. Only a
/// trial that stays `pending` is to be trained; any other has its reward.
void price(Trial& trial, const Scoring& scoring, const SearchParts& parts, bool fresh);

/// Fills the latencies of a network, one per oracle; false where one could not be had, and why not
/// is the trial's status and cause.
bool price_on(Trial& trial, const CandidateNetwork& candidate,
              const std::vector<TargetOracle>& oracles);

/// When a latency is had: while the search prices its proposals, or anew for the finalists.
enum class Pricing { kSearch, kFinalists };

/// The oracle, which asks `store` first and records there what it says: what was priced is kept
/// when a run is stopped, and a resumed run goes on with the same figures. `store` must outlive it.
/// Each pricing has its own records.
std::unique_ptr<LatencyOracle> recorded_in(TrialStore& store, const std::string& accelerator,
                                           std::shared_ptr<LatencyOracle> oracle,
                                           Pricing pricing = Pricing::kSearch);

/// `config` with the speed of the machine that its measured latencies are stated at
/// (`latency.reference_ms`): as the store has it since the run began, so that a resumed run
/// measures at the same.
ExperimentConfig at_recorded_speed(ExperimentConfig config, TrialStore& store);

}  // namespace ridgeline
