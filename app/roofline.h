#pragma once

#include "latency/hardware.h"
#include "latency/oracle.h"
#include "report/roofline_plot.h"

namespace ridgeline {

/// The roof of a device at `precision` (default: the hardware's own). Throws `kConfig` for a
/// precision that it lacks.
Roof roof_of(const Hardware& hardware, std::optional<Precision> precision = std::nullopt);

/// A network's kernels on the roofline of the device that priced it; the slowest ones are named.
/// Kernels without FLOPs (pools, additions, activations) have no place there: a note says what
/// share of the time they take. REQUIRES: a latency with an account of operators, of this network
/// on this hardware.
Plot kernel_roofline(const Network& network, const Latency& latency, const Hardware& hardware);

}  // namespace ridgeline
