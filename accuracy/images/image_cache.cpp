#include "accuracy/images/image_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>

#include "accuracy/images/decode.h"
#include "core/bytes.h"
#include "core/error.h"
#include "core/file.h"
#include "core/interrupt.h"
#include "core/logging.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "core/random.h"

namespace ridgeline {
namespace {
namespace fs = std::filesystem;

// The file: a head of one page, the pixels of every image in turn, the index.
constexpr std::string_view kMagic = "RidgelineImages1";
constexpr size_t kHeadBytes = 4096;

struct Head {
  uint64_t identity = 0;  // of folder and options
  uint64_t count = 0, image_bytes = 0, index_bytes = 0, index_hash = 0;
  uint64_t index_at() const { return kHeadBytes + count * image_bytes; }
};

uint32_t checksum_of(const uint8_t* pixels, size_t count) {
  return static_cast<uint32_t>(crc32(0, pixels, static_cast<uInt>(count)));
}

[[noreturn]] void fail_io(const fs::path& path, const std::string& what) {
  throw Error(ErrorKind::kIo, path.string() + ": " + what + ": " + std::strerror(errno));
}

/// A file descriptor that closes itself.
struct Descriptor {
  explicit Descriptor(int opened) : number(opened) {}
  ~Descriptor() {
    if (number >= 0) close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number;
};

void write_at(const Descriptor& file, const fs::path& path, const void* bytes, size_t count,
              uint64_t at) {
  const char* from = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t written = pwrite(file.number, from, count, static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail_io(path, "the image cache cannot be written");
    from += written;
    at += static_cast<uint64_t>(written);
    count -= static_cast<size_t>(written);
  }
}

void append_text(std::string& bytes, const std::string& text) {
  append_number(bytes, static_cast<uint32_t>(text.size()));
  bytes += text;
}

/// Reads what `append_number` and `append_text` wrote; throws nothing of its own, for the index has
/// a hash.
struct Cursor {
  const char* at;
  template <class T>
  T number() {
    const T value = number_at<T>(at);
    at += sizeof(T);
    return value;
  }
  std::string text() {
    const auto size = number<uint32_t>();
    at += size;
    return {at - size, size};
  }
};

std::string index_of(const std::vector<CachedImage>& images) {
  std::string bytes;
  for (const CachedImage& image : images) {
    append_text(bytes, image.path);
    append_text(bytes, image.problem);
    append_text(bytes, image.conversions);
    append_number(bytes, image.label);
    append_number(bytes, image.split);
    append_number(bytes, image.width);
    append_number(bytes, image.height);
    append_number(bytes, image.checksum);
    append_number(bytes, image.sum);
    append_number(bytes, image.squares);
  }
  return bytes;
}

std::vector<CachedImage> images_of(const char* index, uint64_t count) {
  Cursor cursor{index};
  std::vector<CachedImage> images(count);
  for (CachedImage& image : images) {
    image.path = cursor.text();
    image.problem = cursor.text();
    image.conversions = cursor.text();
    image.label = cursor.number<int>();
    image.split = cursor.number<ImageSplit>();
    image.width = cursor.number<int>();
    image.height = cursor.number<int>();
    image.checksum = cursor.number<uint32_t>();
    image.sum = cursor.number<std::array<uint64_t, 3>>();
    image.squares = cursor.number<std::array<uint64_t, 3>>();
  }
  return images;
}

/// The middle square.
PixelBox middle_of(int width, int height) {
  const int side = std::min(width, height);
  return {(width - side) / 2, (height - side) / 2, side, side};
}

/// "JPEG named .png", where the extension belongs to another format.
std::string wrong_extension(const fs::path& path, ImageFormat format) {
  std::string extension = path.extension();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool right = format == ImageFormat::kJpeg
                         ? extension == ".jpg" || extension == ".jpeg"
                         : extension == (format == ImageFormat::kPng ? ".png" : ".webp");
  return right ? std::string() : enum_name(format) + " named " + path.extension().string();
}

/// Decodes one file into `pixels`; what is wrong with it becomes its `problem`.
void decode_into(const fs::path& root, const ImageCacheOptions& options, CachedImage& image,
                 std::vector<uint8_t>& pixels) {
  try {
    const std::string file = read_file(root / image.path);
    ImageHead head = read_image_head(file);
    const Image square =
        decode_resized(file, middle_of, options.side, options.side, options.interpolation);
    const std::string wrong = wrong_extension(image.path, head.format);
    if (!wrong.empty()) head.conversions.push_back(wrong);
    image.conversions = join(head.conversions);
    image.width = head.width;
    image.height = head.height;
    pixels = square.pixels;
  } catch (const Error& error) {
    image.problem = error.what();
    return;
  } catch (const std::bad_alloc&) {
    image.problem = "not enough memory to decode it";
    return;
  }
  image.checksum = checksum_of(pixels.data(), pixels.size());
  for (size_t i = 0; i < pixels.size(); ++i) {
    image.sum[i % 3] += pixels[i];
    image.squares[i % 3] += uint64_t{pixels[i]} * pixels[i];
  }
}

/// Builds the cache under a temporary name and renames it.
void build(const ImageFolder& folder, const ImageCacheOptions& options, uint64_t identity,
           const fs::path& path) {
  const fs::path part = path.string() + ".part";
  const Descriptor file(::open(part.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.number < 0) fail_io(part, "the image cache cannot be made");
  Head head{.identity = identity, .count = folder.files.size()};
  head.image_bytes = Image::size_of(options.side, options.side);
  std::vector<CachedImage> images(folder.files.size());
  std::optional<ProgressBar> bar;
  if (options.progress) bar.emplace("reading images", static_cast<int>(images.size()));
  std::mutex mutex;
  int done = 0, bad = 0;
  try {
    // In groups: a loop's exceptions are looked at after its end.
    constexpr size_t kGroup = 1024;
    for (size_t begin = 0; begin < images.size(); begin += kGroup) {
      parallel_for(std::min(kGroup, images.size() - begin), [&](size_t k) {
        const size_t i = begin + k;
        if (interrupts() > 0) return;
        CachedImage& image = images[i];
        const ImageFile& source = folder.files[i];
        image = {.path = source.path, .label = source.label, .split = source.split};
        std::vector<uint8_t> pixels;
        decode_into(folder.root, options, image, pixels);
        write_at(file, part, pixels.data(), pixels.size(), kHeadBytes + i * head.image_bytes);
        const std::lock_guard lock(mutex);
        ++done;
        bad += image.problem.empty() ? 0 : 1;
        if (bar) bar->update(done, bad > 0 ? std::to_string(bad) + " unreadable" : "");
      });
      stop_if_interrupted("while the images were read");
    }
    if (bar) bar->finish();
    const std::string index = index_of(images);
    head.index_bytes = index.size();
    head.index_hash = hash_text(index);
    write_at(file, part, index.data(), index.size(), head.index_at());
    std::string begin(kMagic);
    append_number(begin, head);
    begin.resize(kHeadBytes);
    write_at(file, part, begin.data(), begin.size(), 0);
    if (fsync(file.number) != 0) fail_io(part, "the image cache cannot be written");
    fs::rename(part, path);
  } catch (...) {
    std::error_code ignored;
    fs::remove(part, ignored);
    throw;
  }
}

/// Waits for another process that builds the same cache.
std::unique_ptr<FileLock> wait_for_lock(const fs::path& path) {
  for (bool said = false;; said = true) {
    try {
      return std::make_unique<FileLock>(path);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kRun) throw;
      if (!said) spdlog::info("another process builds the image cache; waiting for it");
    }
    stop_if_interrupted("while another process read the images");
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

}  // namespace

fs::path default_image_cache() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return fs::path(cache) / "ridgeline/images";
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr ? home : "/tmp") / ".cache/ridgeline/images";
}

std::shared_ptr<const ImageCache> ImageCache::open(const ImageFolder& folder,
                                                   const ImageCacheOptions& options) {
  const fs::path root = fs::weakly_canonical(folder.root);
  const std::string what =
      std::to_string(options.side) + " " + enum_name(options.interpolation) + " " + root.string();
  const uint64_t identity = hash_text(what, fingerprint(folder));
  const fs::path caches = options.folder.empty() ? default_image_cache() : options.folder;
  make_folder(caches);
  char name[17];
  std::snprintf(name, sizeof name, "%016llx", static_cast<unsigned long long>(hash_text(what)));
  const fs::path path =
      caches / (root.filename().string() + "_" + std::to_string(options.side) + "_" + name);
  if (auto cache = read(path, identity)) return cache;
  const auto lock = wait_for_lock(path.string() + ".lock");
  if (auto cache = read(path, identity)) return cache;
  build(folder, options, identity, path);
  if (auto cache = read(path, identity)) return cache;
  throw Error(ErrorKind::kIo, path.string() + ": the image cache cannot be read back");
}

std::shared_ptr<const ImageCache> ImageCache::read(const fs::path& path, uint64_t identity) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (file.number < 0 || fstat(file.number, &status) != 0) return nullptr;
  const auto bytes = static_cast<size_t>(status.st_size);
  if (bytes < kHeadBytes) return nullptr;
  void* mapped = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file.number, 0);
  if (mapped == MAP_FAILED) fail_io(path, "the image cache cannot be mapped");
  const std::shared_ptr<ImageCache> cache(new ImageCache);
  cache->mapped_ = static_cast<const char*>(mapped);
  cache->mapped_bytes_ = bytes;
  cache->path_ = path;
  const auto head = number_at<Head>(cache->mapped_ + kMagic.size());
  if (std::string_view(cache->mapped_, kMagic.size()) != kMagic || head.identity != identity)
    return nullptr;
  const bool whole = head.image_bytes > 0 && head.index_bytes <= bytes &&
                     head.count <= bytes / head.image_bytes &&
                     head.index_at() + head.index_bytes == bytes;
  const char* index = whole ? cache->mapped_ + head.index_at() : nullptr;
  if (!whole || hash_text({index, head.index_bytes}) != head.index_hash) {
    spdlog::warn("{}: the image cache is damaged; it is built again", path.string());
    return nullptr;
  }
  cache->images_ = images_of(index, head.count);
  cache->checked_ = std::make_unique<std::atomic<bool>[]>(head.count);
  while (Image::size_of(cache->side_, cache->side_) < head.image_bytes) ++cache->side_;
  return cache;
}

ImageCache::~ImageCache() {
  if (mapped_ != nullptr) munmap(const_cast<char*>(mapped_), mapped_bytes_);
}

const uint8_t* ImageCache::pixels(int index) const {
  const auto i = static_cast<size_t>(index);
  const size_t bytes = Image::size_of(side_, side_);
  const auto* pixels = reinterpret_cast<const uint8_t*>(mapped_ + kHeadBytes + i * bytes);
  if (!checked_[i].load(std::memory_order_relaxed)) {
    if (checksum_of(pixels, bytes) != images_[i].checksum) {
      throw Error(ErrorKind::kData, path_.string() + ": the image cache is damaged at " +
                                        images_[i].path + "; remove it to build it again");
    }
    checked_[i].store(true, std::memory_order_relaxed);
  }
  return pixels;
}

}  // namespace ridgeline
