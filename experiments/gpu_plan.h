#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiments/config.h"

namespace ridgeline {

/// Which GPUs the local executor's trials use, and who shares them. Trials have slots 0, 1, ...;
/// one starts in the lowest free slot that may be used.
struct GpuPlan {
  std::vector<std::string> gpus = {};  ///< taken in turn; empty: the trials use none
  int processes = 1;                   ///< of a trial, each with a GPU of its own
  int workers = 1;                     ///< slots
  bool chosen = true;  ///< by CUDA_VISIBLE_DEVICES; false: `device` names the GPU itself
  std::vector<std::string> measuring =
      {};  ///< those of `gpus` on which the search measures latency

  /// The GPUs of a slot's trial.
  std::vector<std::string> of_slot(int slot) const;
  bool slots_overlap(int a, int b) const;
  /// Trials that may be on one GPU together with that of `slot`, itself among them.
  int trials_beside(int slot) const;
  /// Processes that may hold memory of one GPU of `slot`: those trials, and the search where it
  /// measures there.
  int processes_beside(int slot) const;
  /// The GPU of `slot` on which the search measures, or empty.
  std::string measured_of_slot(int slot) const;

  /// The lowest slot in which another trial may start; nothing where all that are free share a GPU
  /// with one in `reserved` (kept for a trial that must be alone).
  std::optional<int> free_slot(const std::vector<int>& running,
                               const std::vector<int>& reserved) const;
};

/// The GPU on which the oracle times networks in this process, or a table's oracle units that it
/// lacks; empty for a CPU and for other oracles. Names are those of CUDA_VISIBLE_DEVICES.
std::string measured_gpu(const LatencyConfig& latency, const std::vector<std::string>& visible);

/// The plan of `config`, where CUDA_VISIBLE_DEVICES names `visible`. Throws `kConfig` where a trial
/// has more processes than there are GPUs, or where an asynchronous search would measure on a GPU
/// on which trials of several processes train.
GpuPlan gpu_plan(const ExperimentConfig& config, const std::vector<std::string>& visible);

/// A device that the search's own process must have.
struct DeviceNeed {
  std::string key;     ///< of the configuration
  std::string device;  ///< as there
  std::string why;
  bool trains = false;  ///< trials run on it; else latency is measured there
  bool operator==(const DeviceNeed&) const = default;
};
/// None for CPUs, nor for trials that Slurm runs elsewhere.
std::vector<DeviceNeed> devices_needed_here(const ExperimentConfig& config);

}  // namespace ridgeline
