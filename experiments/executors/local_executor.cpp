#include "experiments/executors/local_executor.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include "core/file.h"
#include "core/interrupt.h"
#include "core/logging.h"
#include "core/units.h"
#include "experiments/executors/gpu_locks.h"
#include "experiments/executors/trial_file.h"
#include "experiments/executors/trial_process.h"

extern char** environ;

namespace ridgeline {
namespace fs = std::filesystem;
namespace {

constexpr std::chrono::milliseconds kWorkerPause{10};
constexpr const char* kCheckpoint = ".checkpoint";

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::string host_name() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace

LocalExecutor::LocalExecutor(LocalExecutorConfig config) : config_(std::move(config)) {
  config_.gpus.workers = config_.workers;
  config_.gpus.processes = config_.accuracy.training.processes;
  make_folder(config_.folder);
}

LocalExecutor::~LocalExecutor() { kill_all(); }

fs::path LocalExecutor::file(uint64_t id, const char* suffix) const {
  return config_.folder / (std::to_string(id) + suffix);
}

void LocalExecutor::submit(const TrialJob& job) { queue_.push_back({job}); }

size_t LocalExecutor::in_flight() const {
  return running_.size() + (interrupts() > 0 ? 0 : queue_.size());
}

void LocalExecutor::cancel(uint64_t id) {
  std::erase_if(queue_, [id](const Waiting& waiting) { return waiting.job.spec.trial_id == id; });
  for (auto it = running_.begin(); it != running_.end(); ++it) {
    if (it->id() != id) continue;
    kill(it->process, SIGKILL);
    waitpid(it->process, nullptr, 0);
    running_.erase(it);
    return;
  }
}

void LocalExecutor::forget(uint64_t id) {
  std::error_code ignored;
  fs::remove_all(file(id, kCheckpoint), ignored);
}

/// Where it may start now; a trial that must be alone waits for its own slot, and what waits behind
/// it does not take the GPUs that it waits for.
std::optional<int> LocalExecutor::slot_for(const Waiting& waiting) const {
  std::vector<int> used, reserved;
  for (const auto& running : running_) {
    used.push_back(running.slot);
    if (running.what.alone_in) reserved.push_back(running.slot);
  }
  if (waiting.alone_in) {
    const bool beside = std::any_of(used.begin(), used.end(), [&](int slot) {
      return slot == *waiting.alone_in || config_.gpus.slots_overlap(slot, *waiting.alone_in);
    });
    return beside ? std::nullopt : waiting.alone_in;
  }
  for (const auto& other : queue_) {
    if (other.alone_in) reserved.push_back(*other.alone_in);
  }
  return config_.gpus.free_slot(used, reserved);
}

/// Starts the first that may start; false: none may.
bool LocalExecutor::start_one() {
  if (running_.size() >= static_cast<size_t>(config_.workers)) return false;
  for (auto it = queue_.begin(); it != queue_.end(); ++it) {
    const auto slot = slot_for(*it);
    if (!slot) continue;
    const Waiting waiting = std::move(*it);
    queue_.erase(it);
    start(waiting, *slot);
    return true;
  }
  return false;
}

/// This process's environment with what a trial needs.
std::vector<std::string> LocalExecutor::environment_of(int slot) const {
  auto settings = worker_settings(config_.accuracy.training.threads);
  if (config_.gpus.chosen && !config_.gpus.gpus.empty())
    settings.emplace_back("CUDA_VISIBLE_DEVICES", join(config_.gpus.of_slot(slot), ","));
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const bool replaced = std::any_of(settings.begin(), settings.end(), [&](const auto& setting) {
      return text.starts_with(setting.first + "=");
    });
    if (!replaced) result.push_back(text);
  }
  for (const auto& [name, value] : settings) result.push_back(name + "=" + value);
  return result;
}

std::vector<std::string> LocalExecutor::arguments_of(const Waiting& waiting, int slot) const {
  const uint64_t id = waiting.job.spec.trial_id;
  std::vector<std::string> arguments = {config_.program.string()};
  for (const auto& argument :
       trial_arguments({file(id, ".json"), file(id, ".result.json"), file(id, kCheckpoint)},
                       config_.checkpoint_s)) {
    arguments.push_back(argument);
  }
  arguments.insert(arguments.end(), {"--parent", std::to_string(getpid())});
  const int beside = config_.gpus.processes_beside(slot);
  if (beside > 1 && !waiting.alone_in)
    arguments.insert(arguments.end(), {"--gpu-processes", std::to_string(beside)});
  if (const std::string gpu = config_.gpus.measured_of_slot(slot); !gpu.empty())
    arguments.insert(arguments.end(), {"--gpu-lock", gpu_lock_file(config_.folder, gpu).string()});
  return arguments;
}

void LocalExecutor::start(const Waiting& waiting, int slot) {
  const TrialSpec& spec = waiting.job.spec;
  const uint64_t id = spec.trial_id;
  std::error_code ignored;
  fs::remove(file(id, ".result.json"), ignored);
  write_trial_file(file(id, ".json"), {config_.accuracy, spec});
  auto arguments = arguments_of(waiting, slot);
  auto environment = environment_of(slot);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  const std::string log = file(id, ".log").string();
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                   0644);
  posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // A group of its own: Ctrl-C reaches the search alone, which decides what becomes of its trials.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t process = 0;
  const int error = posix_spawn(&process, config_.program.c_str(), &files, &attributes,
                                pointers(arguments).data(), pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) {
    throw Error(ErrorKind::kIo,
                "cannot start " + config_.program.string() + ": " + std::strerror(error));
  }
  running_.push_back({waiting, slot, process, std::chrono::steady_clock::now()});
}

std::optional<TrialResult> LocalExecutor::next(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    const bool stopping = interrupts() > 0;
    while (!stopping && start_one()) {
    }
    if (stopping) ask_to_stop();
    if (interrupts() > 1) {
      heed_interrupts();
      kill_all();
    }
    if (running_.empty()) return std::nullopt;
    if (auto result = reap()) return result;
    if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(kWorkerPause);
  }
}

/// A trial without a checkpoint has nothing to go on from: it may as well end.
void LocalExecutor::ask_to_stop() {
  if (asked_to_stop_ || config_.checkpoint_s <= 0) return;
  asked_to_stop_ = true;
  for (const auto& running : running_) kill(running.process, SIGTERM);
}

std::optional<TrialResult> LocalExecutor::reap() {
  for (auto it = running_.begin(); it != running_.end();) {
    int status = 0;
    if (waitpid(it->process, &status, WNOHANG) == it->process) {
      const Running finished = *it;
      TrialResult result = take(finished, status);
      it = running_.erase(it);
      if (to_run_alone(finished, result)) {
        spdlog::warn("trial {}: {}; it shared its GPU, and is run again alone on it", result.id,
                     result.evaluation.message);
        queue_.push_front({finished.what.job, finished.slot});
        continue;
      }
      // Our own wish is no failure of the trial.
      if (asked_to_stop_ && result.evaluation.status == TrialStatus::kCancelled) continue;
      return result;
    }
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - it->start).count();
    if (config_.time_limit_s > 0 && seconds > config_.time_limit_s && !it->timed_out) {
      it->timed_out = true;
      kill(it->process, SIGKILL);
    }
    ++it;
  }
  return std::nullopt;
}

/// Whether a lack of memory may be the neighbours' doing.
bool LocalExecutor::to_run_alone(const Running& finished, const TrialResult& result) const {
  return result.evaluation.status == TrialStatus::kOutOfMemory && !finished.what.alone_in &&
         config_.gpus.processes_beside(finished.slot) > 1;
}

/// What came of a process that has ended; its files go.
TrialResult LocalExecutor::take(const Running& finished, int wait_status) const {
  TrialResult result{finished.id(), finished.what.job.attempt, outcome(finished, wait_status),
                     host_name()};
  if (!has_accuracy(result.evaluation.status))
    result.log_tail = log_tail(file(finished.id(), ".log"));
  std::error_code ignored;
  for (const char* suffix : {".json", ".result.json", ".log"})
    fs::remove(file(finished.id(), suffix), ignored);
  return result;
}

Evaluation LocalExecutor::outcome(const Running& running, int wait_status) const {
  const fs::path result = file(running.id(), ".result.json");
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0 && fs::exists(result)) {
    return read_result_file(result);
  }
  Evaluation failed = failure_of_process(WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status)
                                                                  : WEXITSTATUS(wait_status));
  if (running.timed_out) {
    failed.status = TrialStatus::kTimeOut;
    failed.message = "killed after " + format_duration(config_.time_limit_s);
  }
  failed.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - running.start).count();
  const std::string log = log_tail(file(running.id(), ".log"));
  const std::string said = log.substr(log.find_last_of('\n') + 1);
  if (!said.empty()) failed.message += ": " + said;
  return failed;
}

void LocalExecutor::kill_all() {
  for (const auto& running : running_) kill(running.process, SIGKILL);
  for (const auto& running : running_) waitpid(running.process, nullptr, 0);
  running_.clear();
}

}  // namespace ridgeline
