#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace ridgeline {

struct CommandOutput {
  int exit_code = 0;       ///< negative: ended by that signal
  bool timed_out = false;  ///< and so it was killed
  bool too_much = false;   ///< likewise: it wrote more than it may
  bool stopped = false;    ///< likewise: by `CommandLimits::stop`
  std::string out, err;
};

struct CommandLimits {
  std::chrono::milliseconds time{60000};
  size_t output_bytes = size_t{256} << 20;  ///< of its output, and of its error output
  std::string folder = {};                  ///< it runs there; empty: where this process runs
  std::function<bool()> stop = {};          ///< asked a few times a second; true: kill it
};

/// Runs a program and its arguments to the end, or gives up after a time.
using CommandRunner = std::function<CommandOutput(const std::vector<std::string>&)>;

/// Whether `run_command` would find the program: a path, or a name on the PATH.
bool is_program(const std::string& name);

/// Starts the program (looked for on the PATH, without a shell) in a process group of its own. The
/// group is killed when the program has ended, at a limit, and when this process dies, however it
/// dies: what the program started does not outlive the call, nor is it waited for. Throws `kIo`
/// when the program is not there.
CommandOutput run_command(const std::vector<std::string>& arguments, const CommandLimits& limits);

}  // namespace ridgeline
