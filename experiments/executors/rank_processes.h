#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "accuracy/evaluator.h"

namespace ridgeline {

/// The ranks 1, 2, ... of a data-parallel trial, as child processes of rank 0, in its process group
/// and with its environment and output. They die with it, and with this object.
class RankProcesses {
 public:
  /// Starts `command` --rank K for K = 1 .. ranks - 1. Throws `kIo` when one cannot be started.
  RankProcesses(const std::vector<std::string>& command, int ranks);
  ~RankProcesses();
  RankProcesses(const RankProcesses&) = delete;
  RankProcesses& operator=(const RankProcesses&) = delete;

  /// What became of the first rank found to have ended badly, as the trial's evaluation; nothing
  /// when none has within `patience`. Exit code `kInfeasible` of a rank means lack of memory.
  std::optional<Evaluation> failure(std::chrono::milliseconds patience);

 private:
  struct Child {
    int rank;
    pid_t process;
  };
  void start(const std::vector<std::string>& command, int rank);
  std::optional<Evaluation> reap();
  void kill_all();

  int ranks_;
  std::vector<Child> running_;
};

}  // namespace ridgeline
