#pragma once

#include <functional>
#include <optional>

#include "latency/calibration/parameters.h"

namespace ridgeline {

/// A constant that a calibration may free.
struct Candidate {
  std::function<bool(const SoftwarePolicy&)> open;  ///< the policy leaves it to the data
  std::function<bool(const KernelWork&)> used;      ///< a kernel whose price depends on it
  Parameter parameter;
  std::optional<Precision> precision = std::nullopt;  ///< the only one in which it counts
};

/// Those of `SoftwarePolicy::cpu_kernels`, in place of all others.
const std::vector<Candidate>& cpu_candidates();

}  // namespace ridgeline
