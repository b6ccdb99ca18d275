#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "accuracy/images/image_folder.h"
#include "accuracy/images/resize.h"

namespace ridgeline {

/// What a cache keeps of an image besides its pixels.
struct CachedImage {
  std::string path;  ///< below the folder's root
  int label = 0;
  ImageSplit split = ImageSplit::kTrain;
  int width = 0, height = 0;                 ///< of the file, upright; 0: it could not be read
  std::string problem = {};                  ///< why it could not be read
  std::string conversions = {};              ///< what reading it converted, or a wrong extension
  uint32_t checksum = 0;                     ///< CRC-32 of the pixels
  std::array<uint64_t, 3> sum{}, squares{};  ///< of the pixels' bytes and of their squares
};

struct ImageCacheOptions {
  std::filesystem::path folder;  ///< of the cache files; empty: `default_image_cache()`
  int side = 110;                ///< of the square images, in pixels
  Interpolation interpolation = Interpolation::kBilinear;
  bool progress = true;  ///< a bar while it is built
};

/// $XDG_CACHE_HOME/ridgeline/images, or ~/.cache/ridgeline/images.
std::filesystem::path default_image_cache();

/// The images of a folder as squares of bytes, [side, side, 3], in a file that is mapped into
/// memory: processes that open it share one copy. The shorter side is resized to `side`, and the
/// middle is taken of the longer one.
class ImageCache {
 public:
  /// Opens the cache of `folder`, or builds it where there is none or the folder has changed:
  /// on as many threads as OpenMP has here, one process at a time. An interrupted build leaves no
  /// cache. Throws `kIo` (full disk, no permission).
  static std::shared_ptr<const ImageCache> open(const ImageFolder& folder,
                                                const ImageCacheOptions& options);
  ~ImageCache();
  ImageCache(const ImageCache&) = delete;
  ImageCache& operator=(const ImageCache&) = delete;

  int side() const { return side_; }
  /// In the order of the scanned folder, those that could not be read among them.
  const std::vector<CachedImage>& images() const { return images_; }
  /// The pixels of an image that could be read. The first look at each in a process compares its
  /// checksum; throws `kData` naming the cache file where it differs.
  const uint8_t* pixels(int index) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  ImageCache() = default;
  static std::shared_ptr<const ImageCache> read(const std::filesystem::path& path,
                                                uint64_t identity);

  std::filesystem::path path_;
  int side_ = 0;
  std::vector<CachedImage> images_;
  const char* mapped_ = nullptr;
  size_t mapped_bytes_ = 0;
  std::unique_ptr<std::atomic<bool>[]> checked_;
};

}  // namespace ridgeline
