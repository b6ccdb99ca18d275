#include "core/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <thread>

#include "core/error.h"

namespace ridgeline {
namespace fs = std::filesystem;
namespace {

constexpr int kLockAttempts = 5;
constexpr std::chrono::milliseconds kLockPause{10};

[[noreturn]] void fail_io(const fs::path& path, const std::string& action, int error) {
  throw Error(ErrorKind::kIo, path.string() + ": cannot " + action + ": " + std::strerror(error));
}

/// False, with `errno` set, when the system refuses.
bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

/// To a device or a pipe, which a rename would replace by a file.
void write_through(const fs::path& path, std::string_view text) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) fail_io(path, "write", errno);
  int error = write_all(descriptor, text) ? 0 : errno;
  if (::close(descriptor) != 0 && error == 0) error = errno;
  if (error != 0) fail_io(path, "write", error);
}

}  // namespace

std::string other_than_file(const fs::path& path) {
  std::error_code ignored;
  switch (fs::status(path, ignored).type()) {
    case fs::file_type::directory:
      return "a folder";
    case fs::file_type::fifo:
      return "a pipe";
    case fs::file_type::socket:
      return "a socket";
    case fs::file_type::block:
    case fs::file_type::character:
      return "a device";
    default:
      return {};
  }
}

std::string read_file(const fs::path& path) {
  if (const std::string other = other_than_file(path); !other.empty())
    throw Error(ErrorKind::kIo, path.string() + ": is " + other + "; expected a file");
  std::ifstream in(path, std::ios::binary);
  if (!in) fail_io(path, "read", errno);
  std::string text;
  char part[1 << 16];
  while (in.read(part, sizeof part) || in.gcount() > 0) {
    text.append(part, static_cast<size_t>(in.gcount()));
  }
  if (in.bad()) fail_io(path, "read", errno);
  return text;
}

void write_file_atomic(const fs::path& asked, std::string_view text) {
  std::error_code ignored;
  // A rename would put a file in the place of the link.
  const fs::path path =
      fs::is_symlink(asked, ignored) ? fs::weakly_canonical(asked, ignored) : asked;
  if (fs::exists(path, ignored) && !fs::is_regular_file(path, ignored)) {
    write_through(path, text);
    return;
  }
  fs::path temporary = path;
  temporary += ".tmp." + std::to_string(::getpid());
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) fail_io(path, "write", errno);
  int error = write_all(descriptor, text) && ::fsync(descriptor) == 0 ? 0 : errno;
  if (::close(descriptor) != 0 && error == 0) error = errno;
  if (error != 0) {
    ::unlink(temporary.c_str());
    fail_io(path, "write", error);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    error = errno;
    ::unlink(temporary.c_str());
    fail_io(path, "replace", error);
  }
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail_io(path, "make the folder", error.value());
  if (!fs::is_directory(path)) fail_io(path, "make the folder", ENOTDIR);
}

FileLock::FileLock(const fs::path& path) {
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail_io(path, "open", errno);
  bool locked = false;
  // Who asks whether a run is being worked on has the lock for an instant.
  for (int attempt = 0; attempt < kLockAttempts && !locked; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(kLockPause);
    locked = ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
  }
  if (!locked) {
    char owner[256] = {};
    const ssize_t size = ::pread(descriptor_, owner, sizeof owner - 1, 0);
    ::close(descriptor_);
    throw Error(ErrorKind::kRun, path.parent_path().string() +
                                     ": another process is working on this run (" +
                                     (size > 0 ? owner : "unknown") +
                                     "); wait for it to end, or stop it, then resume");
  }
  char host[128] = "unknown host";
  ::gethostname(host, sizeof host - 1);
  const std::string owner = "process " + std::to_string(::getpid()) + " on " + host;
  if (::ftruncate(descriptor_, 0) != 0 ||
      ::pwrite(descriptor_, owner.data(), owner.size(), 0) != static_cast<ssize_t>(owner.size())) {
    const int error = errno;
    ::close(descriptor_);
    fail_io(path, "write", error);
  }
}

FileLock::~FileLock() { ::close(descriptor_); }

}  // namespace ridgeline
