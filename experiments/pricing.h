#pragma once

#include "experiments/search.h"

namespace ridgeline {

/// A genotype's network, for the data at hand.
Architecture architecture_of(const Genotype& genotype, const SearchParts& parts);

/// What is known of a proposal before it is trained: fills `trial`'s architecture and, where
/// `fresh`, its cost and latency; a repeated network takes its figures from its twin instead. A
/// network that `Scoring::judge` rules out, or that is too large for the hardware, gets
/// status `infeasible`; one whose latency could not be had gets `time_out` or `crashed`. Only a
/// trial that stays `pending` is to be trained; any other has its reward. The network is built in
/// the memory of `network`, the one before; a point of plain decisions leaves it as it is.
void price(Trial& trial, const Scoring& scoring, const SearchParts& parts, bool fresh,
           Network& network);

/// `config` with the speed of the machine that its measured latencies are stated at
/// (`LatencyConfig::reference_ms`): as the store has it since the run began, so that a resumed run
/// measures at the same.
ExperimentConfig at_recorded_speed(ExperimentConfig config, TrialStore& store);

}  // namespace ridgeline
