#pragma once

#include "accuracy/interpolation.h"
#include "core/config.h"

namespace ridgeline {

enum class DataKind { kFractal, kIdx, kCifar10, kCifar100, kFolder };
template <>
struct EnumNames<DataKind> {
  static constexpr std::array<std::pair<DataKind, const char*>, 5> values{
      {{DataKind::kFractal, "fractal"},
       {DataKind::kIdx, "idx"},
       {DataKind::kCifar10, "cifar10"},
       {DataKind::kCifar100, "cifar100"},
       {DataKind::kFolder, "folder"}}};
};

/// What becomes of image files that cannot be read.
enum class BadImages { kFail, kSkip };
template <>
struct EnumNames<BadImages> {
  static constexpr std::array<std::pair<BadImages, const char*>, 2> values{
      {{BadImages::kFail, "fail"}, {BadImages::kSkip, "skip"}}};
};

/// Generated images.
struct FractalConfig {
  int image_size = 32;
  int train_per_class = 200;
  int test_per_class = 50;

  template <class V>
  void describe(V& v) {
    v.field("image_size", image_size,
            {.help = "height and width of an image", .unit = "pixels", .min = 8, .max = 512});
    v.field("train_per_class", train_per_class,
            {.help = "training images per class", .min = 1, .max = 100000});
    v.field("test_per_class", test_per_class,
            {.help = "test images per class", .min = 1, .max = 100000});
  }
};

/// Files in MNIST's format.
struct IdxConfig {
  std::string train_images, train_labels, test_images, test_labels;

  template <class V>
  void describe(V& v) {
    v.field("train_images", train_images,
            {.help = "training images, plain or .gz: N x H x W or N x H x W x C bytes"});
    v.field("train_labels", train_labels, {.help = "labels of train_images"});
    v.field("test_images", test_images,
            {.help = "test images, used only for the final score; empty: the final score uses the "
                     "validation images"});
    v.field("test_labels", test_labels, {.help = "labels of test_images"});
  }
};

/// Image files in folders by class.
struct FolderConfig {
  int resolution = 96;
  Interpolation interpolation = Interpolation::kBilinear;
  BadImages on_bad_image = BadImages::kFail;
  std::string cache;

  template <class V>
  void describe(V& v) {
    v.field("resolution", resolution,
            {.help = "side of the square that a network sees, unless the space gives another; the "
                     "cache keeps images a seventh larger",
             .unit = "pixels",
             .min = 16,
             .max = 1024});
    v.field("interpolation", interpolation,
            {.help = "how images are resized for the cache, with antialiasing: bilinear or "
                     "bicubic"});
    v.field("on_bad_image", on_bad_image,
            {.help = "image files that cannot be read. fail: stop and name them; skip: go on "
                     "without them"});
    v.field("cache", cache,
            {.help = "folder for the decoded images; empty: ridgeline/images in the user's cache "
                     "folder"});
  }
};

/// Where the images come from.
struct DataConfig {
  DataKind kind = DataKind::kFractal;
  std::string path;
  IdxConfig idx;
  double validation_share = 0.2;
  int train_limit = 0;
  int classes = 10;
  FractalConfig fractal;
  FolderConfig folder;
  uint32_t seed = 1;

  template <class V>
  void describe(V& v) {
    using enum DataKind;
    v.field("kind", kind,
            {.help = "fractal: generated images, no file needed; idx: files in MNIST's format; "
                     "cifar10, cifar100: binary CIFAR files; folder: JPEG, PNG and WebP files in "
                     "one folder "
                     "per class, as ImageNet's"});
    v.field("path", path,
            {.help = "cifar10, cifar100: folder of the binary files; idx: folder of the four "
                     "files below; folder: a folder with train/CLASS/, perhaps val/CLASS/ and "
                     "test/CLASS/, or with CLASS/ alone"},
            used_by("kind", kind, {kIdx, kCifar10, kCifar100, kFolder}));
    v.part(idx, used_by("kind", kind, {kIdx}));
    v.field("validation_share", validation_share,
            {.help = "fraction of the training images that is held out to score trials; not used "
                     "where the data has validation images of its own (val/)",
             .min = 0.01,
             .max = 0.9});
    v.field("train_limit", train_limit,
            {.help = "use only this many training images, balanced over the classes and chosen "
                     "before validation images are held out; 0: all",
             .unit = "images",
             .min = 0,
             .max = 1e9});
    v.field("classes", classes,
            {.help = "number of classes; labels are 0 .. classes - 1", .min = 2, .max = 1000},
            used_by("kind", kind, {kFractal, kIdx}));
    v.part(fractal, used_by("kind", kind, {kFractal}));
    v.part(folder, used_by("kind", kind, {kFolder}));
    v.field("seed", seed,
            {.help = "random seed for generated images, and for the choice of train_limit and "
                     "validation images",
             .min = 0,
             .max = 4294967295.0});
  }
};

}  // namespace ridgeline
