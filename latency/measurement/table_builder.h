#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "latency/measurement/interleaved_rounds.h"
#include "latency/measurement/operator_table.h"
#include "latency/measurement/sampling.h"

namespace ridgeline {

struct TableBuild {
  SamplingPlan operators;       ///< all units of these networks are measured
  SamplingPlan whole_networks;  ///< these are measured as a whole too, for the whole-network term
  TimingRules unit_rules;
  RoundRules network_rounds;
};

/// Called before the first measurement and after each: how many of how many are done, and what was
/// measured.
using BuildObserver = std::function<void(int done, int total, const std::string& what)>;

/// Measures what the table at `path` lacks and writes it there, every few seconds and at the end: a
/// build that was killed goes on where it was. Throws `kConfig` where the file is a table of
/// another place, device or library.
OperatorTable build_table(const SearchSpace& space, const RunPlace& place, const TableBuild& build,
                          const std::filesystem::path& path, const BuildObserver& observer);

/// The share of the units of fresh random networks that the table has, by number of uses.
double coverage(const OperatorTable& table, const SearchSpace& space, const SamplingPlan& sample);

}  // namespace ridgeline
