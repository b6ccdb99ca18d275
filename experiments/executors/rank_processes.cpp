#include "experiments/executors/rank_processes.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "core/error.h"
#include "experiments/executors/trial_process.h"

extern char** environ;

namespace ridgeline {
namespace {

constexpr std::chrono::milliseconds kRankPause{10};

Evaluation failed(const std::string& rank, int wait_status) {
  Evaluation result;
  result.status = TrialStatus::kCrashed;
  if (WIFSIGNALED(wait_status)) {
    const int number = WTERMSIG(wait_status);
    result.message =
        rank + " was killed by signal " + std::to_string(number) + " (" + strsignal(number) + ")";
    if (number == SIGKILL) result.message += "; probably out of memory";
  } else if (WEXITSTATUS(wait_status) == static_cast<int>(ErrorKind::kInfeasible)) {
    result.status = TrialStatus::kOutOfMemory;
    result.message = rank + " had no memory left";
  } else {
    const Evaluation ended = failure_of_process(WEXITSTATUS(wait_status));
    if (ended.status == TrialStatus::kLost) result.status = ended.status;
    result.message = rank + " ended with exit code " + std::to_string(WEXITSTATUS(wait_status));
  }
  return result;
}

}  // namespace

RankProcesses::RankProcesses(const std::vector<std::string>& command, int ranks) : ranks_(ranks) {
  try {
    for (int rank = 1; rank < ranks; ++rank) start(command, rank);
  } catch (const Error&) {
    kill_all();
    throw;
  }
}

RankProcesses::~RankProcesses() { kill_all(); }

void RankProcesses::start(const std::vector<std::string>& command, int rank) {
  std::vector<std::string> texts = command;
  texts.insert(texts.end(), {"--rank", std::to_string(rank)});
  std::vector<char*> arguments;
  for (auto& text : texts) arguments.push_back(text.data());
  arguments.push_back(nullptr);
  pid_t process = 0;
  const int error =
      posix_spawn(&process, texts[0].c_str(), nullptr, nullptr, arguments.data(), environ);
  if (error != 0) {
    throw Error(ErrorKind::kIo, "cannot start rank " + std::to_string(rank) + " (" + texts[0] +
                                    "): " + std::strerror(error));
  }
  running_.push_back({rank, process});
}

std::optional<Evaluation> RankProcesses::failure(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    if (auto found = reap()) return found;
    if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(kRankPause);
  }
}

std::optional<Evaluation> RankProcesses::reap() {
  for (auto it = running_.begin(); it != running_.end();) {
    int status = 0;
    if (waitpid(it->process, &status, WNOHANG) != it->process) {
      ++it;
      continue;
    }
    const std::string rank = "rank " + std::to_string(it->rank) + " of " + std::to_string(ranks_);
    it = running_.erase(it);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return failed(rank, status);
  }
  return std::nullopt;
}

void RankProcesses::kill_all() {
  for (const auto& child : running_) kill(child.process, SIGKILL);
  for (const auto& child : running_) waitpid(child.process, nullptr, 0);
  running_.clear();
}

}  // namespace ridgeline
