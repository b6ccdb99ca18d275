#pragma once

#include <memory>

#include "latency/command_oracle.h"
#include "latency/config.h"
#include "latency/oracle.h"

namespace ridgeline {

/// The oracle that `config` describes; `writers` are for a command that is to get what they write.
/// Throws `kConfig` for hardware, device or precision that is not there.
std::unique_ptr<LatencyOracle> make_oracle(const LatencyConfig& config,
                                           const NetworkWriters& writers = {});

}  // namespace ridgeline
