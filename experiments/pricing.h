#pragma once

#include "experiments/search.h"

namespace ridgeline {

/// What is known of a proposal before it is trained: fills `trial`'s architecture and, where
/// `fresh`, its cost and latency; a repeated network takes its figures from its twin instead. A
/// network over `search.max_latency_ratio` times the target, or too large for the hardware, gets
/// status `infeasible`; one whose latency could not be had gets `time_out` or `crashed`. Only a
/// trial that stays `complete` is to be trained. The network is built in the memory of `network`,
/// the one before.
void price(Trial& trial, const Genotype& genotype, const ExperimentConfig& config,
           const SearchParts& parts, bool fresh, Network& network);

}  // namespace ridgeline
