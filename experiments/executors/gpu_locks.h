#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "latency/oracle.h"

namespace ridgeline {

// A latency that is measured on a GPU while a network trains there says nothing. So trainings hold
// a GPU together and pause between two steps while a measurement has it alone. These are
// locks on a file (byte 0: somebody wants to measure; byte 1: somebody works), which the kernel
// frees when a process dies. They change no number of a training.

/// The lock file of `gpu` (a name of CUDA_VISIBLE_DEVICES), in the executor's `folder`.
std::filesystem::path gpu_lock_file(const std::filesystem::path& folder, const std::string& gpu);

/// A training's hold on a GPU.
class TrainingLock {
 public:
  /// Throws `kIo` when `file` cannot be opened.
  explicit TrainingLock(const std::filesystem::path& file);
  ~TrainingLock();
  TrainingLock(const TrainingLock&) = delete;
  TrainingLock& operator=(const TrainingLock&) = delete;

  /// Between two steps: returns at once, or where a measurement is wanted calls `finish_work`
  /// (waits for the GPU), lets it happen and returns after it. The first call takes hold.
  void give_way(const std::function<void()>& finish_work);

 private:
  int descriptor_ = -1;
  bool working_ = false;
};

/// Has a GPU alone while it lives: the constructor waits until all trainings stand still. Throws
/// `kRun` when one does not give way within `patience` (a step, or the scoring of an epoch).
class MeasuringLock {
 public:
  explicit MeasuringLock(const std::filesystem::path& file,
                         std::chrono::seconds patience = std::chrono::minutes(30));
  ~MeasuringLock();
  MeasuringLock(const MeasuringLock&) = delete;
  MeasuringLock& operator=(const MeasuringLock&) = delete;

 private:
  int descriptor_ = -1;
};

/// `oracle`, which holds the GPU of `file` alone for each estimate. The file is removed with it.
std::unique_ptr<LatencyOracle> with_gpu_lock(std::unique_ptr<LatencyOracle> oracle,
                                             std::filesystem::path file);

}  // namespace ridgeline
