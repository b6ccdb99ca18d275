#pragma once

#include <functional>
#include <string>

#include "latency/hardware.h"

namespace ridgeline {

/// Measures the device on which LibTorch runs (`device`: cpu, cuda, cuda:N) with `threads` threads:
/// the best rates of matrix products and convolutions per precision that the device has, of a
/// depthwise convolution within the cache, of a triad far beyond it, and the time of an operator
/// that has nothing to do. Every figure's `source` says how it was got; what is not measured stays
/// neutral, to be calibrated. Takes about half a minute. `note` hears of each figure. Throws
/// `kConfig` for a device that is not there.
Hardware probe_hardware(const std::string& name, const std::string& device, int threads,
                        const std::function<void(const std::string&)>& note);

}  // namespace ridgeline
