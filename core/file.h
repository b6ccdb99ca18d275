#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace ridgeline {

/// What stands at `path` where that is neither a file nor nothing: "a folder", "a pipe", "a device"
/// or "a socket". Reading such a thing may never end.
std::string other_than_file(const std::filesystem::path& path);

/// The whole file. Throws `kIo` when it cannot be read, or is none (`other_than_file`).
std::string read_file(const std::filesystem::path& path);

/// Writes `text` so that a reader sees the old file or the whole new one, never a part: temporary
/// file in the same folder, fsync, rename. Throws `kIo` (full disk, permissions); the old file
/// stays. A link is followed; a pipe or a device is written to.
void write_file_atomic(const std::filesystem::path& path, std::string_view text);

/// Makes `path` (and its parents) a folder. Throws `kIo` with the system's reason.
void make_folder(const std::filesystem::path& path);

/// Holds an exclusive lock on a file for its lifetime; the kernel frees it when the process dies.
class FileLock {
 public:
  /// Throws `kRun` when another process holds the lock; the message names its process id and host.
  explicit FileLock(const std::filesystem::path& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace ridgeline
