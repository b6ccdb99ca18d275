#include "experiments/executors/trial_process.h"

#include <csignal>
#include <cstring>

#include "core/config.h"
#include "core/error.h"
#include "core/file.h"

namespace ridgeline {

std::vector<std::string> trial_arguments(const TrialPaths& paths, double checkpoint_s) {
  std::vector<std::string> arguments = {"trial", paths.spec.string(), paths.result.string()};
  if (checkpoint_s > 0) {
    arguments.insert(arguments.end(),
                     {"--checkpoint", paths.checkpoint.string(), "--checkpoint-every",
                      ConfigWriter::plain_number(checkpoint_s)});
  }
  return arguments;
}

void remove_checkpoints(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().find(".checkpoint") != std::string::npos)
      found.push_back(entry.path());
  }
  for (const auto& path : found) std::filesystem::remove_all(path, ignored);
}

std::vector<std::pair<std::string, std::string>> worker_settings(int threads) {
  return {{"OMP_NUM_THREADS", std::to_string(threads)},
          {"OMP_WAIT_POLICY", "passive"},
          {"MALLOC_MMAP_THRESHOLD_", "1073741824"},
          {"MALLOC_TRIM_THRESHOLD_", "17179869184"},
          {"MALLOC_TOP_PAD_", "67108864"}};
}

std::vector<std::string> gpus_of_slot(const std::vector<std::string>& gpus, int slot,
                                      int processes) {
  const auto needed = static_cast<size_t>(processes);
  if (gpus.size() < needed) {
    throw Error(ErrorKind::kConfig, "accuracy.training.processes: is " + std::to_string(processes) +
                                        ", but runtime.gpus gives " + std::to_string(gpus.size()) +
                                        " GPUs; each process needs its own");
  }
  std::vector<std::string> own;
  for (size_t i = 0; i < needed; ++i)
    own.push_back(gpus[(static_cast<size_t>(slot) * needed + i) % gpus.size()]);
  return own;
}

std::string log_tail(const std::filesystem::path& path) {
  constexpr size_t kBytes = 2000;
  std::string text;
  try {
    text = read_file(path);
  } catch (const Error&) {
    return {};
  }
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.size() > kBytes ? text.substr(text.size() - kBytes) : text;
}

Evaluation failure_of_process(int code) {
  constexpr int kSignalled = 128;
  Evaluation result;
  result.status = TrialStatus::kCrashed;
  result.message = "ended with exit code " + std::to_string(code);
  if (code == static_cast<int>(ErrorKind::kInterrupted) || code == kSignalled + SIGTERM) {
    result.status = TrialStatus::kCancelled;
    result.message = "interrupted";
  } else if (code == static_cast<int>(ErrorKind::kConfig)) {
    result.status = TrialStatus::kInvalid;
  } else if (code == static_cast<int>(ErrorKind::kData) ||
             code == static_cast<int>(ErrorKind::kIo)) {
    // The data or the disk, not the network: it says nothing of this trial.
    result.status = TrialStatus::kLost;
  } else if (code > kSignalled) {
    const int number = code - kSignalled;
    result.message = "killed by signal " + std::to_string(number) + " (" + strsignal(number) + ")";
    // The kernel's out-of-memory killer uses SIGKILL, and nobody else here does.
    if (number == SIGKILL) result.message += "; probably out of memory";
  }
  return result;
}

}  // namespace ridgeline
