#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ridgeline {

/// What kind of mistake an `Error` reports. The value is the process exit code (see
/// docs/file_formats.md).
enum class ErrorKind {
  kInternal = 1,    ///< a bug of ours
  kUsage = 2,       ///< wrong command line
  kConfig = 3,      ///< invalid configuration, search space, architecture or hardware file
  kData = 4,        ///< a data set that cannot be read or is inconsistent
  kRun = 5,         ///< run directory: locked, damaged, or of another configuration
  kIo = 6,          ///< the file system refused (full disk, permissions)
  kInfeasible = 7,  ///< nothing satisfies what was asked for (target, tolerance, all trials failed)
  kSetup = 8,       ///< `ridgeline doctor` found a problem
  kUnchecked = 9,   ///< `ridgeline verify` could not check a file: the program for it is not here
  kInterrupted = 130  ///< stopped by the user; the run can be resumed
};

/// The only exception for what a user can cause. The message is one line: where, what, what would
/// be valid.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const { return kind_; }
  int exit_code() const { return static_cast<int>(kind_); }

 private:
  ErrorKind kind_;
};

/// The candidate closest to `name` by edit distance, or an empty string if none is close.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

/// "a, b, c": for error messages that list what would be valid.
std::string join(const std::vector<std::string>& parts, std::string_view separator = ", ");

}  // namespace ridgeline
