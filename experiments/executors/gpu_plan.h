#pragma once

#include <optional>
#include <string>
#include <vector>

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

}  // namespace ridgeline
