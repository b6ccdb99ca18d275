#include "core/run_command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <sstream>
#include <utility>

#include "core/error.h"

extern char** environ;

namespace ridgeline {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
      throw Error(ErrorKind::kIo, std::string("cannot make a pipe: ") + std::strerror(errno));
  }
  ~Pipe() {
    for (const int end : ends) {
      if (end >= 0) close(end);
    }
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_end(size_t end) {
    close(ends[end]);
    ends[end] = -1;
  }
  std::array<int, 2> ends{-1, -1};
};

/// Starts a program in a group of its own: Ctrl-C must not end a submission half-way. Its standard
/// streams are these descriptors; below 0: /dev/null.
pid_t spawn(std::vector<std::string> arguments, int in, int out, int err,
            const std::string& folder = {}) {
  std::vector<char*> pointers;
  for (auto& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  const std::array<int, 3> streams{in, out, err};
  for (int stream = 0; stream < 3; ++stream) {
    const int own = streams[static_cast<size_t>(stream)];
    if (own >= 0) {
      posix_spawn_file_actions_adddup2(&files, own, stream);
    } else {
      posix_spawn_file_actions_addopen(&files, stream, "/dev/null", O_RDWR, 0);
    }
  }
  if (!folder.empty()) posix_spawn_file_actions_addchdir_np(&files, folder.c_str());
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t process = 0;
  const int error =
      posix_spawnp(&process, pointers[0], &files, &attributes, pointers.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) {
    throw Error(ErrorKind::kIo, "cannot run " + arguments[0] + ": " + std::strerror(error) +
                                    "; it must be a path or on the PATH");
  }
  return process;
}

int wait_for(pid_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

/// A process that outlives this one only to kill a group: it waits for the end of a pipe, which
/// comes when this process dies.
class GroupWatcher {
 public:
  explicit GroupWatcher(pid_t group)
      : process_(spawn({"/bin/sh", "-c", "read -r line; kill -KILL -" + std::to_string(group)},
                       alive_.ends[0], -1, -1)) {
    alive_.close_end(0);
  }
  ~GroupWatcher() {
    kill(process_, SIGKILL);
    wait_for(process_);
  }
  GroupWatcher(const GroupWatcher&) = delete;
  GroupWatcher& operator=(const GroupWatcher&) = delete;

 private:
  Pipe alive_;
  pid_t process_;
};

/// A running program and what it has written so far. At the end of its scope all of it is dead.
class Command {
 public:
  Command(const std::vector<std::string>& arguments, const std::string& folder)
      : process_(spawn(arguments, -1, out_.ends[1], err_.ends[1], folder)) {
    out_.close_end(1);
    err_.close_end(1);
    try {
      watcher_.emplace(process_);
    } catch (const Error&) {
      kill_group();
      wait_for(process_);
      throw;
    }
  }
  ~Command() {
    if (process_ > 0) end();
  }
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  /// Reads what has come within `patience`; false: nothing has.
  bool read_for(std::chrono::milliseconds patience, CommandOutput& output) {
    if (poll(watched_.data(), watched_.size(), static_cast<int>(patience.count())) <= 0)
      return false;
    const std::array<std::string*, 2> texts{&output.out, &output.err};
    for (size_t i = 0; i < watched_.size(); ++i) {
      if (watched_[i].fd >= 0 && watched_[i].revents != 0 && !drain(watched_[i].fd, *texts[i]))
        watched_[i].fd = -1;
    }
    return true;
  }
  bool reads() const { return watched_[0].fd >= 0 || watched_[1].fd >= 0; }
  /// Whether the program itself has ended, whatever it left behind.
  bool has_ended() const {
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == process_;
  }
  void kill_group() const { kill(-process_, SIGKILL); }
  /// Kills the group; how the program ended, as waitpid has it.
  int end() {
    kill_group();
    watcher_.reset();  // before the group's number may be given again
    return wait_for(std::exchange(process_, 0));
  }

 private:
  /// Appends what has come; false at the end of the stream.
  static bool drain(int descriptor, std::string& text) {
    char part[1 << 14];
    const ssize_t size = read(descriptor, part, sizeof part);
    if (size < 0) return errno == EINTR;
    text.append(part, static_cast<size_t>(size));
    return size > 0;
  }

  Pipe out_, err_;
  pid_t process_;
  std::optional<GroupWatcher> watcher_;
  std::array<pollfd, 2> watched_{{{out_.ends[0], POLLIN, 0}, {err_.ends[0], POLLIN, 0}}};
};

}  // namespace

bool is_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return access(name.c_str(), X_OK) == 0;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/bin:/usr/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access(((folder.empty() ? "." : folder) + "/" + name).c_str(), X_OK) == 0) return true;
  }
  return false;
}

CommandOutput run_command(const std::vector<std::string>& arguments, const CommandLimits& limits) {
  using std::chrono::milliseconds;
  constexpr milliseconds kLook{50}, kShortLook{1};
  constexpr int kLeftInPipe = 64;  // reads; a pipe holds less
  const auto deadline = Clock::now() + limits.time;
  CommandOutput output;
  Command command(arguments, limits.folder);
  while (!command.has_ended()) {
    command.read_for(command.reads() ? kLook : kShortLook, output);
    output.too_much = std::max(output.out.size(), output.err.size()) > limits.output_bytes;
    output.stopped = limits.stop && limits.stop();
    output.timed_out = Clock::now() >= deadline;
    if (output.too_much || output.stopped || output.timed_out) break;
  }
  // What it has said last is still in the pipes, which others may hold open.
  for (int i = 0; i < kLeftInPipe && command.read_for(milliseconds(0), output); ++i) {
    if (!command.reads()) break;
  }
  const int status = command.end();
  output.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return output;
}

}  // namespace ridgeline
