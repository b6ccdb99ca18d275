// Images per second of one epoch's random-resized-crops, decoded from files or taken from the
// cache. usage: bench_image_loader FOLDER CACHE SIDE WORKERS SECONDS files|cache

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <thread>
#include <vector>

#include "accuracy/images/decode.h"
#include "accuracy/images/image_cache.h"
#include "accuracy/images/random_crop.h"
#include "core/file.h"

using namespace ridgeline;

namespace {

constexpr double kSmallestCrop = 0.08;

struct Source {
  ImageFolder folder;
  std::shared_ptr<const ImageCache> cache;  // null: files
};

/// Crop, resize, flip; then floats, as torchvision's ToTensor and Normalize leave them.
void load(const Source& source, size_t index, int side, std::vector<float>& out) {
  RandomStream stream(1, index, "benchmark");
  Image image;
  const auto choose = [&](int width, int height) {
    return draw_crop(width, height, kSmallestCrop, stream);
  };
  if (source.cache) {
    const int cached = source.cache->side();
    const PixelBox box = choose(cached, cached);
    image = Image(side, side);
    resize(source.cache->pixels(static_cast<int>(index)), cached, cached, 3,
           {double(box.x), double(box.y), double(box.width), double(box.height)}, side, side,
           Interpolation::kBilinear, image.pixels.data());
  } else {
    image = decode_resized(read_file(source.folder.root / source.folder.files[index].path), choose,
                           side, side, Interpolation::kBilinear);
  }
  static const std::array<float, 256> kNormalised = [] {
    std::array<float, 256> table;
    for (size_t byte = 0; byte < 256; ++byte)
      table[byte] = (static_cast<float>(byte) / 255.0F - 0.45F) / 0.225F;
    return table;
  }();
  const bool mirror = stream.below(2) == 1;
  float* to = out.data();
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const uint8_t* pixel = image.row(y) + 3 * (mirror ? side - 1 - x : x);
      for (int c = 0; c < 3; ++c) *to++ = kNormalised[pixel[c]];
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::cerr << "usage: bench_image_loader FOLDER CACHE SIDE WORKERS SECONDS files|cache\n";
    return 2;
  }
  const int side = std::atoi(argv[3]), workers = std::atoi(argv[4]);
  const double seconds = std::atof(argv[5]);
  Source source{scan_image_folder(argv[1]), nullptr};
  if (std::strcmp(argv[6], "cache") == 0) {
    source.cache = ImageCache::open(source.folder, {.folder = argv[2], .side = (side * 8 + 6) / 7});
  }
  const size_t count = source.folder.files.size();
  std::atomic<size_t> next{0};
  const auto start = std::chrono::steady_clock::now();
  const auto passed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  std::vector<std::thread> threads;
  for (int w = 0; w < workers; ++w) {
    threads.emplace_back([&] {
      std::vector<float> out(Image::size_of(side, side));
      while (passed() < seconds) load(source, next++ % count, side, out);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::cout << static_cast<double>(next) / passed() << "\n";
}
