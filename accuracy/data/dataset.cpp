#include "accuracy/data/dataset.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <utility>

#include "accuracy/data/cifar.h"
#include "accuracy/data/fractal.h"
#include "accuracy/data/idx.h"
#include "accuracy/data/image_folder_data.h"
#include "core/error.h"

namespace ridgeline {
namespace {

std::vector<std::vector<int>> indices_by_class(const std::vector<int>& labels, int classes) {
  std::vector<std::vector<int>> members(static_cast<size_t>(classes));
  for (size_t i = 0; i < labels.size(); ++i) {
    members[static_cast<size_t>(labels[i])].push_back(static_cast<int>(i));
  }
  return members;
}

void shuffle(std::vector<int>& values, RandomStream& stream) {
  for (size_t i = values.size(); i > 1; --i) {
    std::swap(values[i - 1], values[static_cast<size_t>(stream.below(static_cast<int>(i)))]);
  }
}

ImageSet read_idx_pair(const DataConfig& config, const std::string& images,
                       const std::string& labels) {
  const std::filesystem::path folder = config.path;
  ImageSet set = read_idx_images(folder / images);
  set.labels = read_idx_labels(folder / labels, config.classes);
  const size_t count = set.pixels.size() / set.image_bytes();
  if (count != set.labels.size()) {
    throw Error(ErrorKind::kData, (folder / labels).string() + ": holds " +
                                      std::to_string(set.labels.size()) + " labels, but " +
                                      (folder / images).string() + " holds " +
                                      std::to_string(count) + " images: the counts must be equal");
  }
  return set;
}

Dataset read_idx_data(const DataConfig& config) {
  if (config.idx.train_images.empty() || config.idx.train_labels.empty()) {
    throw Error(ErrorKind::kData,
                "data kind idx needs the files train_images and train_labels: one is not given");
  }
  if (config.idx.test_images.empty() != config.idx.test_labels.empty()) {
    throw Error(
        ErrorKind::kData,
        "data kind idx needs both test_images and test_labels, or neither: one is not given");
  }
  Dataset data;
  data.classes = config.classes;
  data.train = read_idx_pair(config, config.idx.train_images, config.idx.train_labels);
  if (config.idx.test_images.empty()) return data;
  data.test = read_idx_pair(config, config.idx.test_images, config.idx.test_labels);
  const ImageSet &a = data.train, &b = data.test;
  if (a.channels != b.channels || a.height != b.height || a.width != b.width) {
    const auto text = [](const ImageSet& s) {
      return std::to_string(s.height) + "x" + std::to_string(s.width) + "x" +
             std::to_string(s.channels);
    };
    throw Error(ErrorKind::kData, config.idx.test_images + ": images of " + text(b) +
                                      ", expected the training images' size " + text(a));
  }
  return data;
}

Dataset read_source(const DataConfig& config) {
  switch (config.kind) {
    case DataKind::kFractal:
      return generate_fractals(config);
    case DataKind::kIdx:
      return read_idx_data(config);
    case DataKind::kCifar10:
      return read_cifar10(config.path);
    case DataKind::kCifar100:
      return read_cifar100(config.path);
    case DataKind::kFolder:
      return read_image_folder(config);
  }
  throw Error(ErrorKind::kInternal, "data kind without a reader");
}

}  // namespace

ImageSet select(const ImageSet& images, const std::vector<int>& indices) {
  ImageSet chosen{images.height, images.width, images.channels, {}, {},
                  images.cache,  {},           images.centre};
  if (!images.cache) chosen.pixels.reserve(indices.size() * images.image_bytes());
  chosen.labels.reserve(indices.size());
  for (const int index : indices) {
    chosen.labels.push_back(images.labels[static_cast<size_t>(index)]);
    if (images.cache) {
      chosen.places.push_back(images.places[static_cast<size_t>(index)]);
      continue;
    }
    const uint8_t* begin = images.image(index);
    chosen.pixels.insert(chosen.pixels.end(), begin, begin + images.image_bytes());
  }
  return chosen;
}

ImageSet concatenate(const ImageSet& a, const ImageSet& b) {
  ImageSet all = a;
  all.pixels.insert(all.pixels.end(), b.pixels.begin(), b.pixels.end());
  all.labels.insert(all.labels.end(), b.labels.begin(), b.labels.end());
  all.places.insert(all.places.end(), b.places.begin(), b.places.end());
  return all;
}

std::vector<int> permutation(int n, RandomStream& stream) {
  std::vector<int> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  shuffle(order, stream);
  return order;
}

std::vector<int> balanced_subset(const std::vector<int>& labels, int classes, int count,
                                 uint64_t seed) {
  auto members = indices_by_class(labels, classes);
  for (size_t c = 0; c < members.size(); ++c) {
    RandomStream stream(seed, c, "subset");
    shuffle(members[c], stream);
  }
  const size_t wanted = std::min(static_cast<size_t>(count), labels.size());
  std::vector<int> chosen;
  for (size_t turn = 0; chosen.size() < wanted; ++turn) {
    for (const auto& list : members) {
      if (turn < list.size() && chosen.size() < wanted) chosen.push_back(list[turn]);
    }
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

void hold_out_validation(Dataset& data, double share, uint64_t seed) {
  auto members = indices_by_class(data.train.labels, data.classes);
  std::vector<int> kept, held_out;
  for (size_t c = 0; c < members.size(); ++c) {
    auto& list = members[c];
    if (list.size() < 2) {
      throw Error(
          ErrorKind::kData,
          "class " +
              (data.class_names.empty() ? std::to_string(c) : "'" + data.class_names[c] + "'") +
              " has " + std::to_string(list.size()) +
              " training images: at least 2 are needed, one of them to validate with" +
              (data.class_names.empty()
                   ? " (labels are 0 .. " + std::to_string(data.classes - 1) + ")"
                   : ""));
    }
    RandomStream stream(seed, c, "validation");
    shuffle(list, stream);
    const auto rounded = std::llround(share * static_cast<double>(list.size()));
    const auto count = std::clamp<int64_t>(rounded, 1, static_cast<int64_t>(list.size()) - 1);
    held_out.insert(held_out.end(), list.begin(), list.begin() + count);
    kept.insert(kept.end(), list.begin() + count, list.end());
  }
  std::sort(kept.begin(), kept.end());
  std::sort(held_out.begin(), held_out.end());
  data.validation = select(data.train, held_out);
  data.train = select(data.train, kept);
}

Dataset load_dataset(const DataConfig& config) {
  Dataset data = read_source(config);
  if (config.train_limit > 0 && config.train_limit < data.train.size()) {
    data.train = select(data.train, balanced_subset(data.train.labels, data.classes,
                                                    config.train_limit, config.seed));
  }
  if (data.validation.size() == 0) hold_out_validation(data, config.validation_share, config.seed);
  return data;
}

}  // namespace ridgeline
