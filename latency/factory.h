#pragma once

#include <memory>

#include "latency/config.h"
#include "latency/oracle.h"

namespace ridgeline {

/// The oracle that `config` describes. Throws `kConfig` for hardware, device or precision that is
/// not there.
std::unique_ptr<LatencyOracle> make_oracle(const LatencyConfig& config);

}  // namespace ridgeline
