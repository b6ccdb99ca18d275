#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "accuracy/config.h"
#include "accuracy/images/image_cache.h"
#include "core/random.h"

namespace ridgeline {

/// Labelled images of one size, as bytes, [height, width, channels] each, channels last;
/// `labels[i]` is the class of image i.
struct ImageSet {
  int height = 0, width = 0, channels = 0;
  std::vector<uint8_t> pixels;  ///< of all images in turn; empty where `cache` has them
  std::vector<int> labels;
  /// Image i is at `places[i]` of the cache, which all processes share.
  std::shared_ptr<const ImageCache> cache = nullptr;
  std::vector<int> places = {};
  /// Side of the middle square that is seen where nothing is drawn at random; 0: the whole image.
  int centre = 0;

  int size() const { return static_cast<int>(labels.size()); }
  size_t image_bytes() const {
    return static_cast<size_t>(height) * static_cast<size_t>(width) * static_cast<size_t>(channels);
  }
  int seen_height() const { return centre > 0 ? centre : height; }
  int seen_width() const { return centre > 0 ? centre : width; }
  const uint8_t* image(int index) const {
    if (cache) return cache->pixels(places[static_cast<size_t>(index)]);
    return pixels.data() + static_cast<size_t>(index) * image_bytes();
  }
};

/// What a candidate learns from, what scores it during the search, and what is kept for the end.
/// `test` is empty where the source has none.
struct Dataset {
  int classes = 0;
  ImageSet train, validation, test;
  std::vector<std::string> class_names = {};  ///< by label; empty where the source has none
};

/// Reads or generates what `config` names and takes the validation part from the training images,
/// unless the source has one.
/// Throws `kData` naming the file and what was expected of it.
Dataset load_dataset(const DataConfig& config);

/// The images at `indices`, in that order.
ImageSet select(const ImageSet& images, const std::vector<int>& indices);
/// The images of `a`, then those of `b`, of equal size.
ImageSet concatenate(const ImageSet& a, const ImageSet& b);

/// Moves `share` of each class of `data.train`, at least one image and not all, to
/// `data.validation`: the same images for the same seed. Throws `kData` for a class with fewer than
/// two images.
void hold_out_validation(Dataset& data, double share, uint64_t seed);
/// `count` indices with as equal class counts as the labels allow, ascending; all where `count`
/// covers all.
std::vector<int> balanced_subset(const std::vector<int>& labels, int classes, int count,
                                 uint64_t seed);
/// 0 .. n-1 in an order drawn from `stream` (Fisher-Yates).
std::vector<int> permutation(int n, RandomStream& stream);

}  // namespace ridgeline
