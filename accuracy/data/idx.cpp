#include "accuracy/data/idx.h"

#include <limits>
#include <utility>

#include "core/error.h"
#include "core/gzip.h"

namespace ridgeline {
namespace {

constexpr unsigned char kUnsignedByte = 0x08;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw Error(ErrorKind::kData, path.string() + ": " + what);
}

/// The header and payload of an IDX file: two zero bytes, the element type, the rank, big-endian
/// sizes.
struct IdxFile {
  std::vector<uint64_t> sizes;
  std::string content;
  size_t payload = 0;  // offset of the first element
};

std::string sizes_text(const std::vector<uint64_t>& sizes) {
  std::vector<std::string> parts;
  for (const uint64_t size : sizes) parts.push_back(std::to_string(size));
  return join(parts, " x ");
}

/// All but the content, of the first bytes of the file.
IdxFile read_header(std::string_view begin, const std::filesystem::path& path) {
  IdxFile file;
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(begin[i]); };
  if (begin.size() < 4 || byte(0) != 0 || byte(1) != 0) {
    fail(path, "not an IDX file: expected it to begin with two zero bytes, the type and the rank");
  }
  if (byte(2) != kUnsignedByte) {
    fail(path, "IDX element type " + std::to_string(byte(2)) + ", expected 8 (unsigned bytes)");
  }
  const size_t rank = byte(3);
  file.payload = 4 + 4 * rank;
  if (rank < 1 || rank > 4) fail(path, "IDX rank " + std::to_string(rank) + ", expected 1 to 4");
  if (begin.size() < file.payload) fail(path, "truncated within the IDX header");
  for (size_t d = 0; d < rank; ++d) {
    uint64_t size = 0;
    for (size_t i = 0; i < 4; ++i) size = size << 8 | byte(4 + 4 * d + i);
    file.sizes.push_back(size);
  }
  return file;
}

/// Bytes of the whole file; the largest number where a damaged header announces more.
uint64_t announced_by(const IdxFile& header) {
  uint64_t bytes = 1;
  for (const uint64_t size : header.sizes) {
    if (size != 0 && bytes > (std::numeric_limits<uint64_t>::max() - header.payload) / size)
      return std::numeric_limits<uint64_t>::max();
    bytes *= size;
  }
  return header.payload + bytes;
}

IdxFile read_idx(const std::filesystem::path& path) {
  std::string content = read_maybe_gzip(
      path, [&](std::string_view begin) { return announced_by(read_header(begin, path)); });
  IdxFile file = read_header(content, path);
  file.content = std::move(content);
  // The product may overflow for a damaged header; dividing what is there cannot.
  uint64_t rest = file.content.size() - file.payload;
  const uint64_t there = rest;
  bool matches = true;
  for (const uint64_t size : file.sizes) {
    if (size == 0) fail(path, "IDX sizes " + sizes_text(file.sizes) + ": no size may be 0");
    matches = matches && rest % size == 0;
    rest /= size;
  }
  if (!matches || rest != 1) {
    fail(path, "IDX sizes " + sizes_text(file.sizes) + " do not match the " +
                   std::to_string(there) + " bytes that follow: truncated or damaged");
  }
  return file;
}

}  // namespace

ImageSet read_idx_images(const std::filesystem::path& path) {
  IdxFile file = read_idx(path);
  if (file.sizes.size() < 3) {
    fail(path, "IDX rank " + std::to_string(file.sizes.size()) +
                   ", expected images: rank 3 (N x H x W) or 4 (N x H x W x C)");
  }
  const uint64_t channels = file.sizes.size() == 4 ? file.sizes[3] : 1;
  if (channels != 1 && channels != 3) {
    fail(path,
         "images of " + std::to_string(channels) + " channels, expected 1 or 3 (N x H x W x C)");
  }
  ImageSet set;
  set.height = static_cast<int>(file.sizes[1]);
  set.width = static_cast<int>(file.sizes[2]);
  set.channels = static_cast<int>(channels);
  set.pixels.assign(file.content.begin() + static_cast<std::ptrdiff_t>(file.payload),
                    file.content.end());
  return set;
}

std::vector<int> read_idx_labels(const std::filesystem::path& path, int classes) {
  const IdxFile file = read_idx(path);
  if (file.sizes.size() != 1) {
    fail(path, "IDX rank " + std::to_string(file.sizes.size()) + ", expected labels: rank 1");
  }
  std::vector<int> labels;
  labels.reserve(file.sizes[0]);
  for (size_t i = file.payload; i < file.content.size(); ++i) {
    const int label = static_cast<unsigned char>(file.content[i]);
    if (label >= classes) {
      fail(path, "label " + std::to_string(label) + " of image " + std::to_string(labels.size()) +
                     " is out of range: labels must be 0 .. " + std::to_string(classes - 1) +
                     " (data.classes is " + std::to_string(classes) + ")");
    }
    labels.push_back(label);
  }
  return labels;
}

}  // namespace ridgeline
