#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace ridgeline {

/// A program that answers questions: it reads its standard input and writes its standard output,
/// and ends when its input does, so also when this process dies. One thread at a time may use it.
class PipedProcess {
 public:
  /// Starts it (looked for on the PATH, without a shell). `patience`: the longest wait for an
  /// answer. Throws `kIo` when the program is not there.
  PipedProcess(const std::vector<std::string>& arguments, std::chrono::seconds patience);
  /// Ends the program: by the end of its input, after a second by force.
  ~PipedProcess();
  PipedProcess(const PipedProcess&) = delete;
  PipedProcess& operator=(const PipedProcess&) = delete;

  /// False: the program has ended, or let `patience` pass.
  bool write(const void* bytes, size_t count);
  bool read(void* bytes, size_t count);
  /// After a failed write or read: ends the program and gives its exit code; negative: that signal.
  int end();
  /// What it has written to its standard error so far.
  std::string errors() const;

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  pid_t process_ = 0;  // 0: it has ended
  int socket_ = -1;
  int exit_code_ = 0;
  std::unique_ptr<std::FILE, CloseFile> errors_;
};

}  // namespace ridgeline
