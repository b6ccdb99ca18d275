#pragma once

#include <torch/serialize/archive.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "accuracy/checkpoint_plan.h"
#include "accuracy/evaluator.h"
#include "core/random.h"

namespace ridgeline {

/// Throws c10::Error where there is none of the name.
at::Tensor read_tensor(torch::serialize::InputArchive& archive, const std::string& name);

/// Where a training stands between two steps. With the tensors of weights, optimizer and averages
/// it is the whole state: what follows depends on nothing else.
struct TrainingPosition {
  int64_t epoch = 0;                 ///< whole ones behind it
  int64_t step = 0;                  ///< steps of the present epoch behind it
  double loss_sum = 0;               ///< over these steps
  RandomStream order;                ///< of images, as it was when the present epoch began
  RandomStream augmentation;         ///< as it is now
  std::vector<Metric> metrics = {};  ///< the learning curve of the epochs behind it

  void save(torch::serialize::OutputArchive& archive) const;
  void load(torch::serialize::InputArchive& archive);
};

// The bytes of a checkpoint, little-endian:
//
//   file := "RIDGETRN" version:u32 identity:u64 payload checksum:u64
//
// The identity is the plan's, mixed with LibTorch's version; the payload is a LibTorch archive,
// whose own checksums LibTorch 1.13 does not look at; the checksum is FNV-1a of everything before.

/// Atomic. Throws `kIo`.
void write_training_checkpoint(const CheckpointPlan& plan,
                               torch::serialize::OutputArchive& archive);

struct TrainingArchive {
  uint64_t checksum = 0;  ///< equal for equal files
  std::string payload;
};
/// The plan's checkpoint; nothing where there is none, and, with a warning that says why, where it
/// is damaged or of another training.
std::optional<TrainingArchive> read_training_checkpoint(const CheckpointPlan& plan);

/// Tells when a checkpoint is due.
class CheckpointClock {
 public:
  explicit CheckpointClock(double every_s) : every_s_(every_s) {}
  /// True once per period.
  bool due();

 private:
  double every_s_;  // 0: never
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace ridgeline
