#include "accuracy/command/command_evaluator.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "accuracy/command/metric_lines.h"
#include "core/error.h"
#include "core/file.h"
#include "core/interrupt.h"
#include "core/logging.h"
#include "core/random.h"
#include "core/run_command.h"
#include "search_space/search_space.h"

namespace ridgeline {
namespace {
namespace fs = std::filesystem;

constexpr size_t kMostOutput = 16 << 20;  // bytes
constexpr size_t kTail = 4000;            // bytes of an endless output that the log keeps

/// The trial's own folder; without a place for checkpoints a temporary one.
class WorkFolder {
 public:
  explicit WorkFolder(const std::string& lasting)
      : lasting_(!lasting.empty()), path_(lasting_ ? fs::absolute(lasting) : temporary()) {
    make_folder(path_);
  }
  ~WorkFolder() {
    std::error_code ignored;
    if (!lasting_) fs::remove_all(path_, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  static fs::path temporary() {
    std::string name = (fs::temp_directory_path() / "ridgeline-trial-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
      throw Error(ErrorKind::kIo, name + ": cannot make a folder for a trial");
    return name;
  }

  bool lasting_;
  fs::path path_;
};

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text.substr(text.find_last_of("\n\r") + 1);
}

bool lacked_memory(const std::string& words) {
  for (const char* sign : {"out of memory", "OutOfMemoryError", "MemoryError"}) {
    if (words.find(sign) != std::string::npos) return true;
  }
  return false;
}

Evaluation failure(const CommandOutput& output) {
  constexpr int kKilled = -9;
  const std::string words = last_line(output.err);
  Evaluation result;
  result.status = lacked_memory(words) ? TrialStatus::kOutOfMemory : TrialStatus::kCrashed;
  result.message = output.exit_code < 0
                       ? "accuracy.command was ended by signal " + std::to_string(-output.exit_code)
                       : "accuracy.command exited with code " + std::to_string(output.exit_code);
  if (output.exit_code == kKilled) result.message += " (perhaps for lack of memory)";
  if (output.too_much) result.message = "accuracy.command printed over 16 MiB and was ended";
  if (!words.empty()) result.message += ": " + words;
  return result;
}

}  // namespace

CommandEvaluator::CommandEvaluator(const AccuracyConfig& config, CandidateWriter write)
    : command_(config.command.value_or(std::vector<std::string>{})),
      training_(config.training),
      normalization_(config.normalization),
      write_(std::move(write)) {
  if (command_.empty() || command_[0].empty()) {
    throw Error(ErrorKind::kConfig,
                "accuracy.command: accuracy.kind command needs a program, such as [python3, "
                "train.py]");
  }
}

void CommandEvaluator::require(const SearchSpace& space) const {
  if (!is_program(command_[0])) {
    // Trials of a cluster may find what is not here.
    spdlog::warn("accuracy.command: '{}' is no program here; it must be a path or on the PATH",
                 command_[0]);
  }
  if (!space.is_plain()) return;
  throw Error(ErrorKind::kConfig, "accuracy.kind: command trains networks; space " + space.name() +
                                      " is plain decisions, which have none");
}

Evaluation CommandEvaluator::evaluate(const TrialSpec& spec) {
  if (!is_program(command_[0])) {
    throw Error(ErrorKind::kConfig, "accuracy.command: '" + command_[0] +
                                        "' is no program here; it must be a path or on the PATH");
  }
  const WorkFolder folder(spec.checkpoint.path);
  write_file_atomic(folder.path() / "architecture.yaml", to_yaml(spec.architecture) + "\n");
  if (write_) write_(spec.architecture, folder.path());
  nlohmann::ordered_json trial = {
      {"trial_id", spec.trial_id},
      {"seed", derive_seed(spec.seed, spec.trial_id, "command") >> 33},  // fits any library's seed
      {"epochs", spec.epochs > 0 ? spec.epochs : training_.epochs},
      {"batch", training_.batch},
      {"device", training_.device},
      {"threads", training_.threads},
      {"resolution", spec.architecture.resolution},
      {"classes", spec.architecture.classes},
      {"test_split", spec.test_split},
      {"weights", spec.weights_path}};
  if (normalization_) {
    trial["normalization"] = {{"mean", normalization_->mean}, {"std", normalization_->deviation}};
  }
  write_file_atomic(folder.path() / "trial.json", trial.dump(2) + "\n");
  const auto start = std::chrono::steady_clock::now();
  // The executor ends the whole trial at runtime.trial_time_limit_s.
  const CommandOutput output = run_command(command_, {.time = std::chrono::hours(24 * 365),
                                                      .output_bytes = kMostOutput,
                                                      .folder = folder.path(),
                                                      .stop = [] { return interrupts() > 0; }});
  const auto log = [&](const std::string& text) {
    std::cerr << (output.too_much ? text.substr(text.size() - std::min(text.size(), kTail)) : text);
  };
  log(output.out);
  log(output.err);
  std::cerr << std::flush;
  if (output.stopped) throw Error(ErrorKind::kInterrupted, "stopped while accuracy.command ran");
  Evaluation result = output.exit_code == 0 ? evaluation_of_lines(output.out) : failure(output);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace ridgeline
