#pragma once

#include <vector>

#include "core/random.h"
#include "search_space/decision.h"

namespace ridgeline {

/// The active decisions of `genotype` that have another choice.
std::vector<size_t> mutable_decisions(const std::vector<Decision>& decisions,
                                      const Genotype& genotype);

/// The probability that `random_genotype` draws `genotype`.
double uniform_probability(const std::vector<Decision>& decisions, const Genotype& genotype);

/// `genotype` with another choice, drawn uniformly, at one active decision, drawn uniformly; what
/// that makes active is drawn uniformly too. Itself when no decision has another choice.
Genotype mutated(const std::vector<Decision>& decisions, const Genotype& genotype,
                 RandomStream& stream);

}  // namespace ridgeline
