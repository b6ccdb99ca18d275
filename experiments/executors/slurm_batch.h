#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "experiments/executors/slurm_config.h"

namespace ridgeline {

/// What the script of an array runs.
struct SlurmTrial {
  std::filesystem::path program;
  int threads = 1;
  int processes = 1;        ///< above 1: the tasks of one srun step
  double checkpoint_s = 0;  ///< 0: no checkpoints
};

/// The files of trials that run on a cluster, in a folder that all its nodes see. A batch of trials
/// is one job array; its tag names the array's files and, with the folder's hash, the job, so that
/// a later process finds its jobs in the queue.
class SlurmFiles {
 public:
  /// Makes the folder.
  explicit SlurmFiles(const std::filesystem::path& folder);

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path spec(uint64_t id) const;
  std::filesystem::path result(uint64_t id) const;
  /// Exit code of a trial that failed, written by the batch script.
  std::filesystem::path exit_code(uint64_t id, const std::string& tag) const;
  std::filesystem::path log(uint64_t id, const std::string& tag) const;
  std::filesystem::path checkpoint(uint64_t id) const;
  std::filesystem::path script(const std::string& tag) const;

  std::string job_name(const std::string& tag) const;
  /// The tag in the name of one of this folder's jobs; empty for any other job.
  std::string tag_of(const std::string& job_name) const;
  /// Different from all earlier ones of this folder.
  std::string new_tag();

  /// The list and the script of an array whose task k runs trial `ids[k]`.
  void write_batch(const std::string& tag, const std::vector<uint64_t>& ids,
                   const SlurmTrial& trial, const SlurmConfig& config) const;
  /// The trials of an array; empty when its list is gone.
  std::vector<uint64_t> read_batch(const std::string& tag) const;
  void remove_trial(uint64_t id, const std::string& tag) const;
  void remove_batch(const std::string& tag) const;

 private:
  std::filesystem::path list(const std::string& tag) const;

  std::filesystem::path folder_;
  std::string prefix_;
  uint64_t last_tag_ = 0;
};

/// sbatch's options for an array of `tasks` trials.
std::vector<std::string> slurm_options(const SlurmConfig& config, const std::string& job_name,
                                       size_t tasks, const SlurmTrial& trial);

}  // namespace ridgeline
