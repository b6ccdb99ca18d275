#include "core/gzip.h"

#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "core/error.h"
#include "core/file.h"

namespace ridgeline {
namespace {

[[noreturn]] void fail_gzip(const std::filesystem::path& path, const std::string& what) {
  throw Error(ErrorKind::kData, path.string() + ": " + what);
}

}  // namespace

uint64_t at_most_a_gib(std::string_view /*begin*/) { return uint64_t{1} << 30; }

std::string read_maybe_gzip(const std::filesystem::path& path, const Announced& announced) {
  if (const std::string other = other_than_file(path); !other.empty())
    fail_gzip(path, "is " + other + "; expected a file");
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) fail_gzip(path, std::string("cannot be opened: ") + std::strerror(errno));
  std::string content;
  std::vector<char> chunk(1 << 20);
  std::optional<uint64_t> most;
  int got = 0;
  while ((got = gzread(file.get(), chunk.data(), static_cast<unsigned>(chunk.size()))) > 0) {
    content.append(chunk.data(), static_cast<size_t>(got));
    if (!most) most = announced(content);
    if (content.size() > *most) {
      fail_gzip(path, "holds more than the " + std::to_string(*most) +
                          " bytes that are expected: damaged, or another format");
    }
  }
  int status = Z_OK;
  gzerror(file.get(), &status);
  if (status == Z_ERRNO) fail_gzip(path, std::string("cannot be read: ") + std::strerror(errno));
  if (status == Z_BUF_ERROR)
    fail_gzip(path, "the gzip stream is truncated: expected its end marker");
  if (got < 0 || status != Z_OK)
    fail_gzip(path, "the gzip stream is damaged: expected a valid checksum");
  return content;
}

}  // namespace ridgeline
