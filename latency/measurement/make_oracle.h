#pragma once

#include <memory>

#include "latency/command_oracle.h"
#include "latency/config.h"
#include "latency/oracle.h"

namespace ridgeline {

/// The oracle that `config` describes; `write_torchscript` is for a command that is to get that.
/// Throws `kConfig` for hardware, device or precision that is not there.
std::unique_ptr<LatencyOracle> make_oracle(const LatencyConfig& config,
                                           const NetworkWriter& write_torchscript = {});

}  // namespace ridgeline
