#include "core/run_command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

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
  void close_writer() {
    close(ends[1]);
    ends[1] = -1;
  }
  std::array<int, 2> ends{-1, -1};
};

pid_t spawn(const std::vector<std::string>& arguments, const Pipe& out, const Pipe& err) {
  std::vector<char*> pointers;
  for (const auto& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, out.ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, err.ends[1], STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // A group of its own: Ctrl-C must not end a submission half-way.
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

/// Appends what has come; false at the end of the stream.
bool drain(int descriptor, std::string& text) {
  char part[1 << 14];
  const ssize_t size = read(descriptor, part, sizeof part);
  if (size < 0) return errno == EINTR;
  text.append(part, static_cast<size_t>(size));
  return size > 0;
}

}  // namespace

CommandOutput run_command(const std::vector<std::string>& arguments,
                          std::chrono::milliseconds time_limit) {
  Pipe out, err;
  const pid_t process = spawn(arguments, out, err);
  out.close_writer();
  err.close_writer();
  CommandOutput output;
  const auto deadline = Clock::now() + time_limit;
  std::array<pollfd, 2> watched{{{out.ends[0], POLLIN, 0}, {err.ends[0], POLLIN, 0}}};
  std::array<std::string*, 2> texts{&output.out, &output.err};
  while (watched[0].fd >= 0 || watched[1].fd >= 0) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) break;
    if (poll(watched.data(), watched.size(), static_cast<int>(left)) <= 0) continue;
    for (size_t i = 0; i < watched.size(); ++i) {
      if (watched[i].fd >= 0 && watched[i].revents != 0 && !drain(watched[i].fd, *texts[i]))
        watched[i].fd = -1;
    }
  }
  int status = 0;
  while (waitpid(process, &status, WNOHANG) == 0) {
    if (Clock::now() >= deadline) {
      output.timed_out = true;
      kill(-process, SIGKILL);
      waitpid(process, &status, 0);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  output.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return output;
}

}  // namespace ridgeline
