#pragma once

#include <string>
#include <vector>

#include "scaling/lacs.h"

namespace ridgeline {

/// B0..Bn with dimensions, parameters, MAdds, operational intensity I, latency beside the target
/// and on further hardware, and accuracy; says why members are refused.
std::string family_table(const std::vector<FamilyMember>& family);

/// How the coefficients were found, and the family: grids, rounding, triples that build the same
/// network, the plateau, the response surface, elasticities; members that miss their target;
/// coefficients at a bound.
std::string family_report(const LacsResult& result, const LacsConfig& config);

/// The same for each accelerator, the families side by side at the end.
std::string family_report(const std::vector<LacsResult>& results, const LacsConfig& config);

/// Writes each member that keeps the limits as NAME.yaml into `folder`.
void write_family(const std::vector<FamilyMember>& family, const std::filesystem::path& folder);
/// One family into `folder`, several into a folder for each accelerator there.
void write_families(const std::vector<LacsResult>& results, const std::filesystem::path& folder);

}  // namespace ridgeline
