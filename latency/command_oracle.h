#pragma once

#include <filesystem>
#include <functional>

#include "core/error.h"
#include "core/run_command.h"
#include "latency/config.h"
#include "latency/oracle.h"

namespace ridgeline {

/// A network whose latency could not be had, though others may: its trial failed with this cause.
class LatencyFailure : public Error {
 public:
  enum class Cause {
    kTimedOut,    ///< the command took too long
    kFailed,      ///< it exited with another code than 0, or by a signal
    kUnreadable,  ///< its last line is not a positive number of milliseconds
  };
  LatencyFailure(Cause cause, const std::string& message)
      : Error(ErrorKind::kInfeasible, message), cause_(cause) {}
  Cause cause() const { return cause_; }

 private:
  Cause cause_;
};

/// Writes a network with random weights, always the same, for programs that load it. The exporters
/// know nothing of oracles, nor these of them: whoever makes an oracle brings the two together.
using NetworkWriter = std::function<void(const Network&, const std::filesystem::path&)>;
/// One per format; an empty one: this build or caller has none.
struct NetworkWriters {
  NetworkWriter torchscript = {}, onnx = {};
};

/// Runs the user's own program, without a shell, as `command... PATH` with the path of the
/// architecture's YAML file, or of what `latency.network_format` asks for, which has the YAML file
/// beside it under the same name; both are gone afterwards. It reads the milliseconds of one batch
/// from the last line of its standard output: a number, which "ms" may follow. A program that says
/// no such thing, or over 1 MiB, is a
/// `LatencyFailure`; what it has started dies with it. A second Ctrl-C ends it (`kInterrupted`).
/// One that cannot be started is an `Error` (`kIo`).
class CommandOracle : public LatencyOracle {
 public:
  /// Throws `kConfig` where `latency.command` is not given, or no writer for its network format.
  explicit CommandOracle(const LatencyConfig& config, const NetworkWriters& writers = {});

  using LatencyOracle::estimate_architecture;
  Latency estimate_architecture(const Architecture& architecture,
                                const Network& lowered) const override;
  /// Throws `kConfig`: a network that no architecture file describes cannot be given to a command.
  Latency estimate(const Network& network) const override;
  std::string description() const override;

 private:
  std::vector<std::string> command_;
  double timeout_s_;
  int batch_;
  Precision precision_;
  NetworkFormat format_;
  NetworkWriter writer_;  ///< empty: the program gets the architecture
};

/// The milliseconds in the last line of a command's output that is not blank. Throws
/// `LatencyFailure` with that line.
double milliseconds_of(const std::string& output);

}  // namespace ridgeline
