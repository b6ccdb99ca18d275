#include "core/file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <fstream>

#include "core/csv.h"
#include "core/error.h"
#include "core/gzip.h"
#include "core/yaml.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using test::error_of;
using test::TempFolder;

namespace {

size_t files_in(const TempFolder& folder) {
  return static_cast<size_t>(
      std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()));
}

/// No file may grow past `bytes` for its lifetime: what a full disk does, at a place we choose.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &saved_);
    const rlimit limit{bytes, saved_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &saved_);
    signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit saved_{};
  void (*handler_)(int);
};

/// Takes the write permission of a folder away for its lifetime, also from root.
class ReadOnly {
 public:
  explicit ReadOnly(const fs::path& folder) : folder_(folder), user_(geteuid()) {
    fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec);
    if (user_ == 0) REQUIRE(seteuid(65534) == 0);
  }
  ~ReadOnly() {
    if (user_ == 0 && seteuid(0) != 0) std::abort();
    fs::permissions(folder_, fs::perms::owner_all);
  }
  ReadOnly(const ReadOnly&) = delete;
  ReadOnly& operator=(const ReadOnly&) = delete;

 private:
  fs::path folder_;
  uid_t user_;
};

}  // namespace

TEST_CASE("what is written is read back to the byte, over an older file too") {
  const TempFolder folder;
  const auto path = folder / "data";
  std::string bytes;
  for (int i = 0; i < 3000; ++i) bytes += static_cast<char>(i);
  write_file_atomic(path, bytes);
  CHECK(read_file(path) == bytes);
  write_file_atomic(path, "short");
  CHECK(read_file(path) == "short");
  write_file_atomic(path, "");
  CHECK(read_file(path).empty());
  CHECK(files_in(folder) == 1);
}

TEST_CASE("who reads while the file is replaced reads the old one to its end") {
  const TempFolder folder;
  const auto path = folder / "data";
  write_file_atomic(path, "old text");
  std::ifstream reader(path);
  write_file_atomic(path, "new");
  std::string seen;
  std::getline(reader, seen);
  CHECK(seen == "old text");
}

TEST_CASE("a full disk leaves the old file and no part of the new one") {
  const TempFolder folder;
  const auto path = folder / "data";
  write_file_atomic(path, "old");
  std::string message;
  {
    const FileSizeLimit limit(1000);
    message = error_of([&] { write_file_atomic(path, std::string(5000, 'x')); });
  }
  CHECK_THAT(message, StartsWith(path.string()));
  CHECK_THAT(message, Contains(": cannot write: File too large"));
  CHECK(read_file(path) == "old");
  CHECK(files_in(folder) == 1);
}

TEST_CASE("a folder that may not be written leaves the old file") {
  const TempFolder folder;
  const auto path = folder / "data";
  write_file_atomic(path, "old");
  std::string message;
  {
    const ReadOnly guard(folder.path());
    message = error_of([&] { write_file_atomic(path, "new"); });
  }
  CHECK(message == path.string() + ": cannot write: Permission denied");
  CHECK(read_file(path) == "old");
  CHECK(files_in(folder) == 1);
}

TEST_CASE("a file cannot take the place of a folder, nor stand in a folder that is not there") {
  const TempFolder folder;
  fs::create_directories(folder / "taken/inside");
  CHECK_THAT(error_of([&] { write_file_atomic(folder / "taken", "x"); }),
             StartsWith((folder / "taken").string() + ": cannot write: "));
  CHECK(files_in(folder) == 1);
  CHECK(error_of([&] { write_file_atomic(folder / "none/file", "x"); }) ==
        (folder / "none/file").string() + ": cannot write: No such file or directory");
}

TEST_CASE("reading what is no file is an error, not an empty text") {
  const TempFolder folder;
  CHECK(error_of([&] { read_file(folder / "none"); }) ==
        (folder / "none").string() + ": cannot read: No such file or directory");
  CHECK(error_of([&] { read_file(folder.path()); }) ==
        folder.path().string() + ": is a folder; expected a file");
}

TEST_CASE("a pipe or a device is not read, however it is named") {
  const TempFolder folder;
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  fs::create_symlink(folder / "pipe", folder / "link.yaml");
  fs::create_symlink("/dev/zero", folder / "zero");
  CHECK(error_of([&] { read_file(folder / "pipe"); }) ==
        (folder / "pipe").string() + ": is a pipe; expected a file");
  CHECK(error_of([&] { read_file(folder / "zero"); }) ==
        (folder / "zero").string() + ": is a device; expected a file");
  CHECK(error_of([&] { YamlView::load_file(folder / "link.yaml"); }) ==
        (folder / "link.yaml").string() + ": is a pipe; expected a YAML file");
  CHECK(error_of([&] { CsvTable::load(folder / "pipe"); }) ==
        (folder / "pipe").string() + ": is a pipe; expected a file");
  CHECK(error_of([&] { read_maybe_gzip(folder / "zero"); }) ==
        (folder / "zero").string() + ": is a device; expected a file");
}

TEST_CASE("what decompresses to more than was announced is not read on") {
  const TempFolder folder;
  const fs::path bomb = folder / "bomb.gz";
  {
    const std::string zeros(1 << 20, 0);
    const auto file = gzopen(bomb.c_str(), "wb9");
    for (int i = 0; i < 20; ++i) REQUIRE(gzwrite(file, zeros.data(), 1 << 20) == 1 << 20);
    REQUIRE(gzclose(file) == Z_OK);
  }
  size_t seen = 0;
  const auto announced = [&](std::string_view begin) {
    seen = begin.size();
    return uint64_t{3} << 20;
  };
  CHECK(error_of([&] { read_maybe_gzip(bomb, announced); }) ==
        bomb.string() +
            ": holds more than the 3145728 bytes that are expected: damaged, or "
            "another format");
  CHECK(seen == 1 << 20);
  CHECK(read_maybe_gzip(bomb).size() == size_t{20} << 20);
}

TEST_CASE("folders are made with their parents, and not over a file") {
  const TempFolder folder;
  make_folder(folder / "a/b/c");
  make_folder(folder / "a/b/c");
  CHECK(fs::is_directory(folder / "a/b/c"));
  write_file_atomic(folder / "file", "x");
  CHECK(error_of([&] { make_folder(folder / "file"); }) ==
        (folder / "file").string() + ": cannot make the folder: Not a directory");
  CHECK_THAT(error_of([&] { make_folder(folder / "file/sub"); }),
             StartsWith((folder / "file/sub").string() + ": cannot make the folder: "));
  CHECK(read_file(folder / "file") == "x");
}

TEST_CASE("a lock keeps a second holder out and names the first") {
  const TempFolder folder;
  const auto path = folder / "lock";
  {
    const FileLock lock(path);
    char host[128] = {};
    REQUIRE(gethostname(host, sizeof host - 1) == 0);
    const std::string owner = "process " + std::to_string(getpid()) + " on " + host;
    for (int attempt = 0; attempt < 2; ++attempt) {
      CHECK(error_of([&] { const FileLock second(path); }) ==
            folder.path().string() + ": another process is working on this run (" + owner +
                "); wait for it to end, or stop it, then resume");
    }
  }
  const FileLock again(path);  // free once its holder is gone
  CHECK_THAT(error_of([&] { const FileLock second(path); }), Contains("another process"));
}

TEST_CASE("a lock file left by a dead process holds nobody up, and its name does not linger") {
  const TempFolder folder;
  const auto path = folder / "lock";
  write_file_atomic(path, "process 999999999 on " + std::string(100, 'h'));
  const FileLock lock(path);
  const std::string message = error_of([&] { const FileLock second(path); });
  CHECK_THAT(message, Contains("process " + std::to_string(getpid()) + " on "));
  CHECK_THAT(message, !Contains("999999999"));
  CHECK_THAT(message, !Contains("hhhhh"));
}

TEST_CASE("a lock in a folder that is not there is a file-system error") {
  const TempFolder folder;
  CHECK(error_of([&] { const FileLock lock(folder / "none/lock"); }) ==
        (folder / "none/lock").string() + ": cannot open: No such file or directory");
}

TEST_CASE("a pipe is written to, a link is followed: neither is replaced by a file") {
  TempFolder folder;
  const fs::path pipe = folder / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  write_file_atomic(pipe, "text");
  char buffer[16];
  CHECK(read(reader, buffer, sizeof buffer) == 4);
  close(reader);
  CHECK(fs::is_fifo(pipe));
  write_file_atomic(folder / "file", "old");
  fs::create_symlink(folder / "file", folder / "link");
  write_file_atomic(folder / "link", "new");
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(read_file(folder / "file") == "new");
}
