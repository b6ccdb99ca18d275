#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <memory>
#include <optional>
#include <vector>

#include "accuracy/training/data_parallel.h"
#include "accuracy/training/moving_average.h"
#include "accuracy/training/optimizer.h"
#include "accuracy/training/training_checkpoint.h"

namespace ridgeline {

/// What is to be done between two steps.
enum class Pause { kNone, kWrite, kStop };
/// `left`: a checkpoint is due, whatever the clock says.
Pause pause_due(const CheckpointPlan& plan, CheckpointClock& clock, bool left = false);

/// The moving parts of one training (weights, optimizer, averages), one step of it, and its
/// checkpoints.
class TrainingProcess {
 public:
  /// `module`, `config` and `ranks` (null: this process trains alone) are borrowed; `batch`: images
  /// per step.
  TrainingProcess(NetworkModule& module, const TrainingConfig& config, int batch, RankGroup* ranks);

  /// The part of a batch that this process works on.
  BatchSlice slice(int batch) const;
  const torch::Device& device() const { return device_; }

  /// Forward, backward, update; the whole batch's loss before the update, where it was computed.
  at::Tensor step(const Batch& batch, double learning_rate);

  /// Exchanges the weights and their averages, where there are some.
  void swap_average();
  /// Ends with the averages as weights.
  void finish();

  /// Goes back to where the checkpoint was written, if there is a sound one that all ranks see, and
  /// it comes before the end of epoch `last_epoch`.
  void resume(const CheckpointPlan& plan, int last_epoch, TrainingPosition& position);
  /// Between two steps: writes a checkpoint, or breaks off with one (throws `kInterrupted`).
  void pause(const CheckpointPlan& plan, Pause pause, const TrainingPosition& position);

 private:
  /// Forward and backward of a batch or a part of it, whose loss counts by `share`.
  at::Tensor backward(const Batch& batch, double share);
  bool all_read(uint64_t checksum);
  void write(const CheckpointPlan& plan, const TrainingPosition& position);
  void save(torch::serialize::OutputArchive& archive) const;
  void load(torch::serialize::InputArchive& archive);
  std::vector<at::Tensor> state_tensors() const;

  NetworkModule& module_;
  const TrainingConfig& config_;
  RankGroup* ranks_;
  torch::Device device_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  std::optional<DataParallel> parallel_;
  std::optional<MovingAverage> average_;
};

}  // namespace ridgeline
