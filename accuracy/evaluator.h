#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "accuracy/checkpoint_plan.h"
#include "accuracy/config.h"
#include "accuracy/normalization.h"
#include "search_space/architecture.h"

namespace ridgeline {

/// How a trial ended. A pending one has not: it is proposed, and is to be evaluated. A stopped one
/// was ended before its last epoch, as asked (`TrialSpec::stop_after_epoch`). Everything else but
/// `kComplete` is a failure with a declared effect on the controller.
enum class TrialStatus {
  kPending,
  kComplete,
  kStopped,
  kInfeasible,
  kDiverged,
  kOutOfMemory,
  kTimeOut,
  kCrashed,
  kInvalid,  ///< its process refused the configuration: the same again would end the same
  kLost,     ///< its machine or job went away; not the trial's fault
  kCancelled
};
template <>
struct EnumNames<TrialStatus> {
  static constexpr std::array<std::pair<TrialStatus, const char*>, 11> values{
      {{TrialStatus::kPending, "pending"},
       {TrialStatus::kComplete, "complete"},
       {TrialStatus::kStopped, "stopped"},
       {TrialStatus::kInfeasible, "infeasible"},
       {TrialStatus::kDiverged, "diverged"},
       {TrialStatus::kOutOfMemory, "out_of_memory"},
       {TrialStatus::kTimeOut, "time_out"},
       {TrialStatus::kCrashed, "crashed"},
       {TrialStatus::kInvalid, "invalid"},
       {TrialStatus::kLost, "lost"},
       {TrialStatus::kCancelled, "cancelled"}}};
};

/// Whether there is an accuracy: of the whole training, or of its part.
inline bool has_accuracy(TrialStatus status) {
  return status == TrialStatus::kComplete || status == TrialStatus::kStopped;
}

/// All that a result may depend on, besides the evaluator's configuration, and where the work's
/// products go.
struct TrialSpec {
  Architecture architecture;
  uint64_t seed = 1;  ///< of the experiment
  uint64_t trial_id = 0;
  int epochs = 0;  ///< 0: as configured
  /// 0: none. The training ends after this epoch, with its checkpoint and status `kStopped`, and is
  /// to go on later; its learning rate is that of a training of all `epochs`.
  int stop_after_epoch = 0;
  bool test_split =
      false;  ///< train on train + validation, score on the test images (final training)
  std::string
      weights_path;  ///< where the trained weights are saved (runtime/weights.h); empty: not saved
  CheckpointPlan checkpoint = {};  ///< of the training
  /// Trained by itself also where the evaluator has shared weights, as a spec with `epochs` or
  /// `test_split` always is.
  bool alone = false;
};

/// One point of a trial's learning curve.
struct Metric {
  int epoch = 0;     ///< from 1
  std::string name;  ///< train_loss, validation_accuracy, test_accuracy, images_per_s; on a GPU
                     ///< gpu_allocated_mib and gpu_reserved_mib, the most that the trial took
  double value = 0;
};

struct Evaluation {
  TrialStatus status = TrialStatus::kComplete;
  double accuracy = 0;  ///< fraction of held-out images classified rightly
  double loss = 0;      ///< last epoch's mean training loss
  double seconds = 0;   ///< wall time; may differ between runs
  std::string message;  ///< cause of a failure, or a doubt about a complete result; one line
  /// The learning curve, by epoch; `images_per_s` and memory may differ between runs like
  /// `seconds`.
  std::vector<Metric> metrics = {};
};

class SearchSpace;

/// (architecture, seed, trial id) -> accuracy. A pure function: equal specs give equal evaluations
/// but for `seconds`, `images_per_s` and the memory taken.
class AccuracyEvaluator {
 public:
  virtual ~AccuracyEvaluator() = default;
  /// Divergence and lack of memory are statuses; what the user must mend (data file, device) throws
  /// `Error`, and so does a training that was asked to stop (`kInterrupted`).
  virtual Evaluation evaluate(const TrialSpec& spec) = 0;
  /// Throws where it cannot score points of `space`, as far as that is known beforehand.
  virtual void require(const SearchSpace& /*space*/) const {}
  /// What the data asks of an architecture; 0: no opinion. Grey images (1 channel) also serve
  /// architectures of 3.
  virtual int classes() const { return 0; }
  virtual int channels() const { return 0; }
  /// What suits data and training where a space leaves it open; 0: no opinion. Pixels: the longer
  /// side of the images.
  virtual int resolution() const { return 0; }
  virtual double batch_norm_momentum() const { return 0; }
  /// How images are normalised before a network sees them; nothing where there are none.
  virtual std::optional<Normalization> normalization() const { return std::nullopt; }
};

}  // namespace ridgeline
