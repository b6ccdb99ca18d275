#include "experiments/devices.h"

#include <algorithm>

#include "experiments/executors/trial_process.h"
#include "latency/measurement/operator_table.h"

namespace ridgeline {
namespace {

bool names(const std::vector<std::string>& gpus, const std::string& gpu) {
  return std::find(gpus.begin(), gpus.end(), gpu) != gpus.end();
}

int index_of(const std::string& device) {
  return device == "cuda" ? 0 : std::stoi(device.substr(std::string("cuda:").size()));
}

}  // namespace

std::string measured_gpu(const LatencyConfig& latency, const std::vector<std::string>& visible) {
  std::string device = "cpu";
  if (latency.kind == LatencyKind::kMeasured) device = latency.measured.device;
  if (latency.kind == LatencyKind::kTable) device = OperatorTable::load(latency.table).place.device;
  if (device == "cpu") return {};
  const auto index = static_cast<size_t>(index_of(device));
  return index < visible.size() ? visible[index] : "cuda:" + std::to_string(index);
}

GpuPlan gpu_plan(const ExperimentConfig& config, const std::vector<std::string>& visible) {
  const TrainingConfig& training = config.accuracy.training;
  GpuPlan plan{.processes = training.processes, .workers = config.runtime.workers};
  const bool here = config.executor() == ExecutorKind::kLocal && trains(config.accuracy.kind);
  if (!here || training.device == "cpu") return plan;
  if (training.device == "cuda") {
    if (!config.runtime.gpus && visible.empty()) return plan;  // the trials will say so
    plan.gpus = config.runtime.gpus.value_or(visible);
    gpus_of_slot(plan.gpus, 0, training.processes);
  } else {
    plan.chosen = false;
    const int first = index_of(training.device);
    for (int i = first; i < first + training.processes; ++i) {
      const auto index = static_cast<size_t>(i);
      plan.gpus.push_back(index < visible.size() ? visible[index] : "cuda:" + std::to_string(i));
    }
  }
  const auto targets = config.targets();
  for (size_t i = 0; i < targets.size(); ++i) {
    const std::string gpu = measured_gpu(targets[i].latency, visible);
    if (gpu.empty() || !names(plan.gpus, gpu)) continue;
    if (!names(plan.measuring, gpu)) plan.measuring.push_back(gpu);
    if (training.processes == 1 || config.search.mode == SearchMode::kSynchronous) continue;
    throw Error(ErrorKind::kConfig,
                oracle_key(i) + ": an asynchronous search cannot measure on GPU " + gpu +
                    ", where trials of " + std::to_string(training.processes) +
                    " processes train; leave that GPU out of runtime.gpus, or set search.mode: "
                    "synchronous");
  }
  return plan;
}

std::vector<DeviceNeed> devices_needed_here(const ExperimentConfig& config) {
  std::vector<DeviceNeed> needs;
  const std::string& device = config.accuracy.training.device;
  if (trains(config.accuracy.kind) && device != "cpu" &&
      config.executor() != ExecutorKind::kSlurm) {
    needs.push_back(
        {"accuracy.training.device", device,
         "trials run on this machine (runtime.executor: " + enum_name(config.executor()) + ")",
         true});
  }
  const auto targets = config.targets();
  for (size_t i = 0; i < targets.size(); ++i) {
    const LatencyConfig& latency = targets[i].latency;
    if (latency.kind != LatencyKind::kMeasured || latency.measured.device == "cpu") continue;
    needs.push_back({oracle_key(i) + ".device", latency.measured.device,
                     "the search itself measures latency there", false});
  }
  return needs;
}

}  // namespace ridgeline
