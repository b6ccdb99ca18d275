#pragma once

#include <cstdlib>
#include <string>

namespace ridgeline::test {

/// The device that tests of training and measuring run on: RIDGELINE_TEST_DEVICE (cpu, cuda,
/// cuda:N), or the CPU. `benchmarks/gpu_check` runs them on a GPU.
inline std::string test_device() {
  const char* device = std::getenv("RIDGELINE_TEST_DEVICE");
  return device != nullptr && *device != '\0' ? device : "cpu";
}

/// A bound on rounding: another device adds in another order, and its libraries pick other methods.
inline double rounding(double on_cpu, double elsewhere) {
  return test_device() == "cpu" ? on_cpu : elsewhere;
}

}  // namespace ridgeline::test
