#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <vector>

#include "accuracy/data/dataset.h"
#include "accuracy/images/image.h"
#include "accuracy/normalization.h"
#include "runtime/batch_slice.h"

namespace ridgeline {

/// A pixel of 0 .. 1 is a byte / 255.
Normalization normalization_of(const ImageSet& images);

/// How far training images are changed, in source pixels.
struct Augmentation {
  bool flip = false;  ///< mirror left and right, half of the images
  int crop_padding =
      0;  ///< shift by -padding .. padding on both axes; the border is the mean colour
  double crop_min_area = 0;  ///< random-resized-crop instead of shifts; 0: off
  int randaugment = 0;       ///< operations on each image
  int randaugment_magnitude = 9;
  double mixup_alpha = 0, cutmix_alpha = 0;  ///< of the batch; 0: off
};

/// As the recipe of a training says.
Augmentation augmentation_of(const TrainingConfig& config);

/// A mini-batch: normalised images [n, channels, resolution, resolution], float, channels last, on
/// the CPU; labels [n], int64. Of mixed images (mixup, cutmix) `own` is the share of `labels`, and
/// the rest is that of `partner_labels`.
struct Batch {
  at::Tensor images, labels;
  at::Tensor partner_labels = {};
  double own = 1;
};

/// Turns bytes into batches for a network of `channels` x `resolution`. Grey images are repeated
/// for a network of 3 channels; any other difference of channels is an error. Other sizes are
/// resized (bilinear, with antialiasing when shrinking). What it draws for an image depends on the
/// stream alone, not on the number of threads that work on the batch.
class BatchMaker {
 public:
  /// `images` is borrowed. Throws `kConfig` when the channels do not fit.
  BatchMaker(const ImageSet& images, const Normalization& normalization, int channels,
             int resolution);
  BatchMaker(ImageSet&&, const Normalization&, int, int) = delete;

  int size() const { return images_.size(); }
  /// The images as they are.
  Batch plain(const std::vector<int>& indices) const;
  /// The images changed at random, as drawn from `stream`.
  Batch augmented(const std::vector<int>& indices, const Augmentation& augmentation,
                  RandomStream& stream) const;
  /// The part `slice` of what the call above makes of the whole batch `indices`; `stream` ends in
  /// the same state.
  Batch augmented(const std::vector<int>& indices, const Augmentation& augmentation,
                  RandomStream& stream, const BatchSlice& slice) const;

 private:
  struct View {
    bool mirror = false;
    int down = 0, right = 0;
    PixelBox crop = {};  // of the source, resized; empty: none
    uint64_t key = 0;    // of the stream of RandAugment
  };
  std::vector<View> draw_views(size_t count, const Augmentation& augmentation,
                               RandomStream& stream) const;
  void write(int index, const View& view, float* out) const;
  void write_changed(int index, const View& view, const Augmentation& augmentation,
                     float* out) const;
  Batch make(const std::vector<int>& indices, const std::vector<View>& views,
             const Augmentation& augmentation) const;

  const ImageSet& images_;
  int channels_;
  int resolution_;
  std::array<uint8_t, 3> mean_{};
  std::array<std::array<float, 256>, 3> table_;  // byte -> normalised value, per channel
};

}  // namespace ridgeline
