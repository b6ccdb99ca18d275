#pragma once

#include <string>
#include <vector>

#include "experiments/config.h"
#include "experiments/executors/gpu_plan.h"

namespace ridgeline {

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
