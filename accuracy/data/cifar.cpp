#include "accuracy/data/cifar.h"

#include <string>

#include "core/error.h"
#include "core/gzip.h"

namespace ridgeline {
namespace {

constexpr int kSide = 32;
constexpr size_t kPlane = kSide * kSide;

/// Record layout of one of the two data sets.
struct Layout {
  size_t label_bytes;
  int classes;
  size_t record() const { return label_bytes + 3 * kPlane; }
};

void append_file(const std::filesystem::path& path, const Layout& layout, ImageSet& set) {
  const std::string content = read_maybe_gzip(path);
  if (content.empty() || content.size() % layout.record() != 0) {
    throw Error(ErrorKind::kData, path.string() + ": " + std::to_string(content.size()) +
                                      " bytes, expected a multiple of " +
                                      std::to_string(layout.record()) +
                                      " (one record per image): truncated, or another format");
  }
  const size_t count = content.size() / layout.record();
  set.pixels.reserve(set.pixels.size() + count * 3 * kPlane);
  for (size_t i = 0; i < count; ++i) {
    const size_t begin = i * layout.record();
    const int label = static_cast<unsigned char>(content[begin + layout.label_bytes - 1]);
    if (label >= layout.classes) {
      throw Error(ErrorKind::kData, path.string() + ": label " + std::to_string(label) +
                                        " of image " + std::to_string(i) +
                                        " is out of range: labels must be 0 .. " +
                                        std::to_string(layout.classes - 1));
    }
    set.labels.push_back(label);
    const char* planes = content.data() + begin + layout.label_bytes;
    for (size_t p = 0; p < kPlane; ++p) {
      for (size_t c = 0; c < 3; ++c) {
        set.pixels.push_back(static_cast<uint8_t>(planes[c * kPlane + p]));
      }
    }
  }
}

Dataset empty_dataset(const Layout& layout) {
  Dataset data;
  data.classes = layout.classes;
  data.train = data.test = ImageSet{kSide, kSide, 3, {}, {}};
  return data;
}

}  // namespace

Dataset read_cifar10(const std::filesystem::path& folder) {
  constexpr Layout kLayout{1, 10};
  Dataset data = empty_dataset(kLayout);
  for (int part = 1; part <= 5; ++part) {
    append_file(folder / ("data_batch_" + std::to_string(part) + ".bin"), kLayout, data.train);
  }
  append_file(folder / "test_batch.bin", kLayout, data.test);
  return data;
}

Dataset read_cifar100(const std::filesystem::path& folder) {
  constexpr Layout kLayout{2, 100};
  Dataset data = empty_dataset(kLayout);
  append_file(folder / "train.bin", kLayout, data.train);
  append_file(folder / "test.bin", kLayout, data.test);
  return data;
}

}  // namespace ridgeline
