#include "core/piped_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
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

[[noreturn]] void cannot_start(const std::string& program, int error) {
  throw Error(ErrorKind::kIo, "cannot run " + program + ": " + std::strerror(error) +
                                  "; it must be a path or on the PATH");
}

int exit_code_of(int status) {
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

PipedProcess::PipedProcess(const std::vector<std::string>& arguments, std::chrono::seconds patience)
    : errors_(std::tmpfile()) {
  if (!errors_) throw Error(ErrorKind::kIo, "cannot make a temporary file for a program's errors");
  // A socket, not two pipes: writing to a program that has ended must not raise SIGPIPE.
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    cannot_start(arguments[0], errno);
  }
  const timeval limit{.tv_sec = patience.count(), .tv_usec = 0};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    setsockopt(ends[0], SOL_SOCKET, option, &limit, sizeof limit);
  }
  std::vector<std::string> owned = arguments;
  std::vector<char*> pointers;
  for (auto& argument : owned) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, ends[1], 0);
  posix_spawn_file_actions_adddup2(&files, ends[1], 1);
  posix_spawn_file_actions_adddup2(&files, fileno(errors_.get()), 2);
  const int error = posix_spawnp(&process_, pointers[0], &files, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    cannot_start(arguments[0], error);
  }
  socket_ = ends[0];
}

PipedProcess::~PipedProcess() { end(); }

bool PipedProcess::write(const void* bytes, size_t count) {
  const char* from = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t written = send(socket_, from, count, MSG_NOSIGNAL);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    from += written;
    count -= static_cast<size_t>(written);
  }
  return true;
}

bool PipedProcess::read(void* bytes, size_t count) {
  char* to = static_cast<char*>(bytes);
  while (count > 0) {
    const ssize_t got = recv(socket_, to, count, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to += got;
    count -= static_cast<size_t>(got);
  }
  return true;
}

int PipedProcess::end() {
  if (process_ == 0) return exit_code_;
  close(socket_);
  socket_ = -1;
  int status = 0;
  pid_t ended = 0;
  for (int wait = 0; ended == 0 && wait < 100; ++wait) {
    if (wait > 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ended = waitpid(process_, &status, WNOHANG);
  }
  if (ended == 0) {
    kill(process_, SIGKILL);
    while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
  }
  process_ = 0;
  exit_code_ = exit_code_of(status);
  return exit_code_;
}

std::string PipedProcess::errors() const {
  std::string text;
  std::array<char, 4096> part{};
  for (off_t at = 0;;) {
    const ssize_t got = pread(fileno(errors_.get()), part.data(), part.size(), at);
    if (got <= 0) return text;
    text.append(part.data(), static_cast<size_t>(got));
    at += got;
  }
}

}  // namespace ridgeline
