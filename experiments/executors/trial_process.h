#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "accuracy/evaluator.h"

namespace ridgeline {

// How the process of a trial is started, and what its end means: the same for every executor.

/// The files of one trial.
struct TrialPaths {
  std::filesystem::path spec, result, checkpoint;
};

/// trial SPEC RESULT, with the checkpoint where `checkpoint_s` (seconds between two) is above 0.
std::vector<std::string> trial_arguments(const TrialPaths& paths, double checkpoint_s);

/// Removes all checkpoints of trials in a folder, also such as were being written at a kill.
void remove_checkpoints(const std::filesystem::path& folder);

/// Names and values of what a trial needs in its environment: its own number of threads, which
/// sleep while they wait, and an allocator that keeps freed activations instead of returning them
/// to the kernel.
std::vector<std::pair<std::string, std::string>> worker_settings(int threads);

/// The GPUs that worker `slot` of several shows its trial of `processes` processes: the next ones
/// in turn, each process its own. Throws `kConfig` where there are fewer than processes.
std::vector<std::string> gpus_of_slot(const std::vector<std::string>& gpus, int slot,
                                      int processes);

/// The end of a trial's log, without the last line break; empty where there is none.
std::string log_tail(const std::filesystem::path& path);

/// What a process that left no result ended with; `code` as a shell gives it, 128 + N for signal N.
/// `kCancelled` where it was asked to stop, `kInvalid` where it refused its configuration, `kLost`
/// where its data could not be read or the file system refused, else `kCrashed`.
Evaluation failure_of_process(int code);

}  // namespace ridgeline
