#include "core/gzip.h"

#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "core/error.h"

namespace ridgeline {
namespace {

[[noreturn]] void fail_gzip(const std::filesystem::path& path, const std::string& what) {
  throw Error(ErrorKind::kData, path.string() + ": " + what);
}

}  // namespace

std::string read_maybe_gzip(const std::filesystem::path& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) fail_gzip(path, std::string("cannot be opened: ") + std::strerror(errno));
  std::string content;
  std::vector<char> chunk(1 << 20);
  int got = 0;
  while ((got = gzread(file.get(), chunk.data(), static_cast<unsigned>(chunk.size()))) > 0) {
    content.append(chunk.data(), static_cast<size_t>(got));
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
