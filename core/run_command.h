#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace ridgeline {

struct CommandOutput {
  int exit_code = 0;  ///< negative: ended by that signal
  bool timed_out = false;
  std::string out, err;
};

/// Runs a program and its arguments to the end, or gives up after a time.
using CommandRunner = std::function<CommandOutput(const std::vector<std::string>&)>;

/// Starts the program (looked for on the PATH, without a shell) in a process group of its own, and
/// kills the group after `time_limit`. Throws `kIo` when the program is not there.
CommandOutput run_command(const std::vector<std::string>& arguments,
                          std::chrono::milliseconds time_limit);

}  // namespace ridgeline
