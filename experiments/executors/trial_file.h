#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "accuracy/config.h"
#include "experiments/executors/executor.h"

namespace ridgeline {

/// What `ridgeline trial SPEC.json RESULT.json` reads: all that the result depends on.
struct TrialFile {
  AccuracyConfig accuracy;
  TrialSpec spec;
};

void write_trial_file(const std::filesystem::path& path, const TrialFile& file);
/// Throws `kRun` for a file that is no trial specification.
TrialFile read_trial_file(const std::filesystem::path& path);

/// Of the training that a trial file asks for, however far it is to go now: what its checkpoint
/// belongs to.
uint64_t training_identity(const std::filesystem::path& path);

/// Atomic: a result file is there whole or not at all.
void write_result_file(const std::filesystem::path& path, const Evaluation& evaluation);
Evaluation read_result_file(const std::filesystem::path& path);

}  // namespace ridgeline
