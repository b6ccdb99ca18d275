#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "accuracy/evaluator.h"

namespace ridgeline {

/// Writes the files of a candidate that a training program reads, such as its PyTorch source.
using CandidateWriter =
    std::function<void(const Architecture& architecture, const std::filesystem::path& folder)>;

/// The user's own training program (`accuracy.kind: command`). For each trial it is run in the
/// trial's folder, which outlives a kill of the program, so that it can go on from a checkpoint of
/// its own. The folder holds architecture.yaml, what `CandidateWriter` adds, and trial.json: seed,
/// trial_id, epochs, batch, device, threads, test_split, and weights, the file for the trained
/// weights ("": none wanted), and normalization where the configuration has one. Its output is read
/// by `evaluation_of_lines`; all of it goes on to this process's error output, where a trial's log
/// is made of it.
///
/// Exit codes other than 0 and signals are `kCrashed`, with the last line of its error output;
/// lack of memory, as Python and CUDA word it, is `kOutOfMemory`.
class CommandEvaluator : public AccuracyEvaluator {
 public:
  /// Throws `kConfig` where no command is given.
  explicit CommandEvaluator(const AccuracyConfig& config, CandidateWriter write = {});

  /// Throws `kConfig` when the program is not there, `kInterrupted` when it was asked to stop.
  Evaluation evaluate(const TrialSpec& spec) override;
  /// Throws `kConfig` for plain decisions; warns where the program is not on this machine.
  void require(const SearchSpace& space) const override;
  std::optional<Normalization> normalization() const override { return normalization_; }

 private:
  std::vector<std::string> command_;
  TrainingConfig training_;
  std::optional<Normalization> normalization_;
  CandidateWriter write_;
};

}  // namespace ridgeline
