#pragma once

#include "core/config.h"

namespace ridgeline {

enum class DataKind { kFractal, kIdx, kCifar10, kCifar100 };
template <>
struct EnumNames<DataKind> {
  static constexpr std::array<std::pair<DataKind, const char*>, 4> values{
      {{DataKind::kFractal, "fractal"},
       {DataKind::kIdx, "idx"},
       {DataKind::kCifar10, "cifar10"},
       {DataKind::kCifar100, "cifar100"}}};
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

/// Where the images come from.
struct DataConfig {
  DataKind kind = DataKind::kFractal;
  std::string path;
  IdxConfig idx;
  double validation_share = 0.2;
  int train_limit = 0;
  int classes = 10;
  FractalConfig fractal;
  uint32_t seed = 1;

  template <class V>
  void describe(V& v) {
    using enum DataKind;
    v.field("kind", kind,
            {.help = "fractal: generated images, no file needed; idx: files in MNIST's format; "
                     "cifar10, cifar100: binary CIFAR files"});
    v.field("path", path,
            {.help = "cifar10, cifar100: folder of the binary files; idx: folder of the four "
                     "files below"},
            used_by("kind", kind, {kIdx, kCifar10, kCifar100}));
    v.part(idx, used_by("kind", kind, {kIdx}));
    v.field("validation_share", validation_share,
            {.help = "fraction of the training images that is held out to score trials",
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
    v.field("seed", seed,
            {.help = "random seed for generated images, and for the choice of train_limit and "
                     "validation images",
             .min = 0,
             .max = 4294967295.0});
  }
};

}  // namespace ridgeline
