#include "app/session.h"

#include <algorithm>

#include "accuracy/evaluators/make_evaluator.h"
#include "accuracy/training/proxy.h"
#include "app/command_line.h"
#include "core/units.h"
#include "experiments/devices.h"
#include "experiments/executors/gpu_locks.h"
#include "experiments/executors/gpu_plan.h"
#include "experiments/executors/in_process_executor.h"
#include "experiments/executors/local_executor.h"
#include "experiments/executors/slurm_executor.h"
#include "experiments/executors/trial_process.h"
#include "experiments/pricing.h"
#include "export/onnx.h"
#include "export/pytorch_source.h"
#include "export/torchscript.h"
#include "latency/measurement/make_oracle.h"
#include "runtime/device.h"

namespace ridgeline {
namespace {

std::unique_ptr<Executor> make_executor(const ExperimentConfig& config,
                                        AccuracyEvaluator& evaluator,
                                        const std::filesystem::path& folder, const GpuPlan& gpus) {
  if (config.executor() == ExecutorKind::kInProcess) {
    set_threads(config.accuracy.training.threads);
    if (config.search.early_stopping.kind == EarlyStoppingKind::kNone)
      return std::make_unique<InProcessExecutor>(evaluator);
    make_folder(folder);
    return std::make_unique<InProcessExecutor>(evaluator, folder);
  }
  if (config.executor() == ExecutorKind::kSlurm) {
    const auto limit = std::chrono::milliseconds(
        static_cast<int64_t>(1000 * config.runtime.slurm.command_time_limit_s));
    return std::make_unique<SlurmExecutor>(
        SlurmExecutorConfig{.program = this_program(),
                            .folder = folder,
                            .accuracy = config.accuracy,
                            .slurm = config.runtime.slurm,
                            .time_limit_s = config.runtime.trial_time_limit_s,
                            .checkpoint_s = config.runtime.trial_checkpoint_s},
        [limit](const std::vector<std::string>& command) {
          return run_command(command, {.time = limit});
        });
  }
  return std::make_unique<LocalExecutor>(
      LocalExecutorConfig{.program = this_program(),
                          .folder = folder,
                          .accuracy = config.accuracy,
                          .workers = config.runtime.workers,
                          .time_limit_s = config.runtime.trial_time_limit_s,
                          .checkpoint_s = config.runtime.trial_checkpoint_s,
                          .gpus = gpus});
}

GpuPlan gpus_of(const ExperimentConfig& config) {
  const bool trains_on_gpu = trains(config.accuracy.kind) &&
                             config.accuracy.training.device != "cpu" &&
                             config.executor() == ExecutorKind::kLocal;
  return trains_on_gpu ? gpu_plan(config, visible_gpus()) : GpuPlan{};
}

/// The oracle, which leaves the GPU on which it measures to the trainings there, and they to it.
std::unique_ptr<LatencyOracle> beside_trials(std::unique_ptr<LatencyOracle> oracle,
                                             const LatencyConfig& config, const GpuPlan& gpus,
                                             const std::filesystem::path& folder) {
  if (gpus.measuring.empty()) return oracle;
  const std::string gpu = measured_gpu(config, visible_gpus());
  const bool shared =
      std::find(gpus.measuring.begin(), gpus.measuring.end(), gpu) != gpus.measuring.end();
  return shared ? with_gpu_lock(std::move(oracle), gpu_lock_file(folder, gpu)) : std::move(oracle);
}

}  // namespace

std::vector<TargetOracle> Session::target_oracles() const {
  const auto targets = config.targets();
  std::vector<TargetOracle> result;
  for (size_t i = 0; i < oracles.size(); ++i) result.push_back({targets[i].name, *oracles[i]});
  return result;
}

std::vector<TargetOracle> Session::target_oracles_of_finalists() const {
  std::vector<TargetOracle> result;
  for (const auto& [accelerator, oracle] : target_oracles()) {
    const auto& anew = finalist_oracles[result.size()];
    result.push_back({accelerator, anew ? *anew : oracle});
  }
  return result;
}

std::unique_ptr<AccuracyEvaluator> evaluator_of(const AccuracyConfig& config, RankGroup* ranks) {
  return make_evaluator(config, ranks, [](const Architecture& architecture, const auto& folder) {
    write_file_atomic(folder / "model.py", pytorch_source(lower(architecture)));
  });
}

std::unique_ptr<Executor> executor_of(const ExperimentConfig& config, AccuracyEvaluator& evaluator,
                                      const std::filesystem::path& folder) {
  return make_executor(config, evaluator, folder, gpus_of(config));
}

std::unique_ptr<LatencyOracle> oracle_of(const LatencyConfig& config) {
  return make_oracle(config,
                     {.torchscript = export_untrained_torchscript,
                      .onnx = onnx_missing().empty() ? export_untrained_onnx : NetworkWriter{}});
}

bool measures_elsewhere(const LatencyConfig& config) {
  return config.kind == LatencyKind::kMeasured && !device_is_here(config.measured.device);
}

namespace {

/// Throws for the devices that this process needs, for trials (`trains`) or to measure latency.
void require_devices(const ExperimentConfig& config, bool trains) {
  for (const DeviceNeed& need : devices_needed_here(config)) {
    if (need.trains != trains) continue;
    try {
      if (trains) {
        require_training_device(config.accuracy.training);
      } else {
        device_from_text(need.device);
      }
    } catch (const Error& error) {
      throw Error(error.kind(), need.key + ": " + error.what() + "; " + need.why);
    }
  }
}

}  // namespace

void require_trial_device(const ExperimentConfig& config) {
  require_devices(config, /*trains=*/true);
}

Session make_session(const ExperimentConfig& asked, RunDirectory& run) {
  ExperimentConfig config = at_recorded_speed(asked, run.store());
  if (config.accuracy.supernet.weights.empty())
    config.accuracy.supernet.weights = std::filesystem::absolute(run.shared_weights()).string();
  const std::filesystem::path folder = run.trials_folder();
  require_devices(config, /*trains=*/false);
  const GpuPlan gpus = gpus_of(config);
  std::vector<std::unique_ptr<LatencyOracle>> oracles, finalist_oracles;
  for (const auto& [name, target_ms, latency] : config.targets()) {
    auto oracle = beside_trials(oracle_of(latency), latency, gpus, folder);
    finalist_oracles.emplace_back();
    if (is_formula(latency.kind)) {
      oracles.push_back(std::move(oracle));
      continue;
    }
    const std::shared_ptr<LatencyOracle> shared = std::move(oracle);
    oracles.push_back(recorded_in(run.store(), name, shared));
    finalist_oracles.back() = recorded_in(run.store(), name, shared, Pricing::kFinalists);
  }
  auto evaluator = evaluator_of(config.accuracy);
  CandidateBuilder candidates(config.search_space(), data_shape(*evaluator));
  evaluator->require(candidates.space());
  for (const auto& oracle : oracles) oracle->require(candidates.space());
  Session session{config,
                  std::move(oracles),
                  std::move(finalist_oracles),
                  std::move(evaluator),
                  std::move(candidates),
                  nullptr,
                  nullptr};
  if (trains_on_data(config.accuracy.kind) && config.accuracy.training.device == "cpu")
    warn_if_blas_is_slow();
  session.executor = make_executor(config, *session.evaluator, folder, gpus);
  session.runner = std::make_unique<TrialRunner>(*session.executor, config.failures);
  return session;
}

namespace {

std::string resolution_line(const CandidateBuilder& candidates,
                            const AccuracyEvaluator& evaluator) {
  const SearchSpace& space = candidates.space();
  const auto& decisions = space.decisions();
  const auto searched =
      std::find_if(decisions.begin(), decisions.end(),
                   [](const Decision& decision) { return decision.name == kResolutionField; });
  if (searched != decisions.end()) return "input size: searched, " + join(searched->labels) + " px";
  const int data = evaluator.resolution();
  const std::string images = "the images are " + std::to_string(data) + " px";
  if (!space.leaves_open(kResolutionField)) {
    return "input size: " + std::to_string(space.resolution()) + " px, given by the space" +
           (data > 0 && data != space.resolution() ? "; " + images + " and are resized" : "");
  }
  if (data > 0)
    return "input size: " + std::to_string(data) + " px, that of the images (the space gives none)";
  return "input size: " + std::to_string(space.resolution()) +
         " px, the default: the space gives no `resolution`, and there are no images to take it "
         "from";
}

}  // namespace

std::vector<std::string> data_lines(const CandidateBuilder& candidates,
                                    const AccuracyEvaluator& evaluator) {
  std::vector<std::string> lines;
  if (evaluator.classes() > 0) {
    lines.push_back("data: " + std::to_string(evaluator.classes()) + " classes, " +
                    std::to_string(evaluator.channels()) + " channels");
  }
  if (!candidates.space().is_plain()) lines.push_back(resolution_line(candidates, evaluator));
  if (const auto normalization = evaluator.normalization()) {
    lines.push_back("normalization: (pixel - mean) / std with " + to_text(*normalization) +
                    ", pixels from 0 to 1");
  }
  return lines;
}

}  // namespace ridgeline
