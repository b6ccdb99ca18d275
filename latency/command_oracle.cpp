#include "latency/command_oracle.h"

#include <unistd.h>

#include <charconv>
#include <cmath>

#include "core/file.h"
#include "core/interrupt.h"
#include "core/random.h"
#include "core/units.h"
#include "latency/work.h"

namespace ridgeline {
namespace {

constexpr size_t kMostOutput = 1 << 20;  // bytes
constexpr size_t kLastWords = 300;  // characters of a program's last words that a message keeps

std::string trimmed(const std::string& text) {
  constexpr const char* kBlank = " \t\r\n\f\v";
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

/// The end of `text` on one line: messages are one line.
std::string tail(const std::string& text) {
  std::string end = trimmed(text);
  if (end.size() > kLastWords) end = "..." + end.substr(end.size() - kLastWords);
  for (char& c : end) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return end;
}

/// A network's files for as long as a command reads them.
class NetworkFiles {
 public:
  /// The architecture, and the network beside it where there is a writer.
  NetworkFiles(const Architecture& architecture, const Network& lowered,
               const NetworkWriter& writer, const char* extension)
      : NetworkFiles() {  // so that a writer's failure leaves nothing behind
    const std::string text = to_yaml(architecture);
    const std::filesystem::path stem =
        std::filesystem::temp_directory_path() /
        ("ridgeline-" + std::to_string(getpid()) + "-" + std::to_string(hash_text(text)));
    architecture_ = stem.string() + ".yaml";
    write_file_atomic(architecture_, text);
    if (!writer) return;
    network_ = stem.string() + extension;
    writer(lowered, network_);
  }
  ~NetworkFiles() {
    std::error_code ignored;
    std::filesystem::remove(architecture_, ignored);
    if (!network_.empty()) std::filesystem::remove(network_, ignored);
  }
  NetworkFiles(const NetworkFiles&) = delete;
  NetworkFiles& operator=(const NetworkFiles&) = delete;
  /// What the command is given.
  const std::filesystem::path& path() const { return network_.empty() ? architecture_ : network_; }

 private:
  NetworkFiles() = default;
  std::filesystem::path architecture_, network_;
};

void require_success(const CommandOutput& output, const std::string& program, double timeout_s) {
  using Cause = LatencyFailure::Cause;
  if (output.stopped) {
    heed_interrupts();
    throw Error(ErrorKind::kInterrupted, "stopped while latency.command " + program + " ran");
  }
  if (output.too_much) {
    throw LatencyFailure(Cause::kFailed, "latency.command " + program +
                                             " wrote over 1 MiB and was ended; valid: the "
                                             "milliseconds in the last line of a short output");
  }
  if (output.timed_out) {
    throw LatencyFailure(Cause::kTimedOut, "latency.command " + program + " took over " +
                                               format_duration(timeout_s) +
                                               " and was ended; see latency.timeout_s");
  }
  if (output.exit_code == 0) return;
  const std::string how = output.exit_code < 0
                              ? "was ended by signal " + std::to_string(-output.exit_code)
                              : "exited with code " + std::to_string(output.exit_code);
  const std::string words = tail(output.err);
  throw LatencyFailure(Cause::kFailed, "latency.command " + program + " " + how +
                                           (words.empty() ? ", silently" : ": " + words));
}

}  // namespace

double milliseconds_of(const std::string& output) {
  const std::string text = trimmed(output);
  const size_t newline = text.find_last_of("\n\r");
  const std::string line = trimmed(newline == std::string::npos ? text : text.substr(newline));
  double ms = 0;
  const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), ms);
  const std::string unit = trimmed({rest, line.data() + line.size()});
  if (error == std::errc() && (unit.empty() || unit == "ms") && std::isfinite(ms) && ms > 0)
    return ms;
  throw LatencyFailure(LatencyFailure::Cause::kUnreadable,
                       "latency.command: the last line of its output, '" + tail(line) +
                           "', is not a positive number of milliseconds; valid: 12.5, 12.5 ms");
}

CommandOracle::CommandOracle(const LatencyConfig& config, const NetworkWriters& writers)
    : command_(config.command.command.value_or(std::vector<std::string>{})),
      timeout_s_(config.command.timeout_s),
      batch_(config.batch),
      precision_(config.precision.value_or(Precision::kFp32)),
      format_(config.command.network_format) {
  if (command_.empty() || command_[0].empty()) {
    throw Error(ErrorKind::kConfig,
                "latency.command: latency.kind command needs a program, such as "
                "[python3, measure.py]");
  }
  if (format_ == NetworkFormat::kYaml) return;
  writer_ = format_ == NetworkFormat::kOnnx ? writers.onnx : writers.torchscript;
  if (!writer_) {
    throw Error(ErrorKind::kConfig,
                std::string("latency.network_format: nothing here writes ") + enum_name(format_) +
                    (format_ == NetworkFormat::kOnnx
                         ? "; remedy: install libonnx-dev and build Ridgeline again"
                         : ""));
  }
}

std::string CommandOracle::description() const {
  return "command " + join(command_, " ") + ", batch " + std::to_string(batch_) + ", " +
         enum_name(precision_) + (writer_ ? std::string(", ") + enum_name(format_) : "");
}

Latency CommandOracle::estimate_architecture(const Architecture& architecture,
                                             const Network& lowered) const {
  const NetworkFiles files(architecture, lowered, writer_,
                           format_ == NetworkFormat::kOnnx ? ".onnx" : ".pt");
  std::vector<std::string> arguments = command_;
  arguments.push_back(files.path().string());
  const CommandOutput output = run_command(
      arguments, {.time = std::chrono::milliseconds(static_cast<int64_t>(1e3 * timeout_s_)),
                  .output_bytes = kMostOutput,
                  .stop = [] { return interrupts() > 1; }});
  require_success(output, command_[0], timeout_s_);
  Latency latency{.ms = milliseconds_of(output.out),
                  .batch = batch_,
                  .precision = precision_,
                  .device = command_[0],
                  .method = "command"};
  count_work(lowered, latency);
  return latency;
}

Latency CommandOracle::estimate(const Network& network) const {
  throw Error(ErrorKind::kConfig, "latency.kind command prices architectures only; " +
                                      network.name() + " has no architecture file");
}

}  // namespace ridgeline
