#pragma once

#include <chrono>
#include <filesystem>
#include <functional>

#include "doctor/finding.h"

namespace ridgeline {

struct DoctorSettings {
  std::filesystem::path runs = "runs";  ///< where runs will be kept; need not exist
  std::chrono::seconds time_limit{60};  ///< of each check
};

/// Checks the set-up of this machine: LibTorch, its BLAS, threads, memory, GPUs, a training step on
/// each device, the folder of the runs, Slurm, the Python that opens exports. `tell` hears of each
/// finding as it comes. False when a check did not end in time: it still runs in a thread of its
/// own, so the process must end without waiting for it (`std::_Exit`).
bool examine(const DoctorSettings& settings, const std::function<void(const Finding&)>& tell);

}  // namespace ridgeline
