#include "accuracy/data/augment.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "accuracy/data/mixing.h"
#include "accuracy/images/randaugment.h"
#include "accuracy/images/random_crop.h"
#include "accuracy/images/resize.h"
#include "core/error.h"

namespace ridgeline {
namespace {

constexpr double kWhite = 255;  // the byte of a pixel that is 1

/// Whether an image is changed as bytes before it is normalised.
bool changes_bytes(const Augmentation& augmentation) {
  return augmentation.crop_min_area > 0 || augmentation.randaugment > 0;
}

template <class T>
std::vector<T> part_of(const std::vector<T>& all, const BatchSlice& slice) {
  return {all.begin() + slice.begin, all.begin() + slice.begin + slice.count};
}

/// Mixes each image with its partner, in place.
void mix(const Mixing& mixing, at::Tensor& images, const at::Tensor& partners) {
  const auto& [x, y, width, height] = mixing.box;
  if (width == 0 || height == 0) {
    images.mul_(mixing.own).add_(partners, 1 - mixing.own);
    return;
  }
  const auto box = [&](const at::Tensor& all) {
    return all.narrow(2, y, height).narrow(3, x, width);
  };
  box(images).copy_(box(partners));
}

}  // namespace

Augmentation augmentation_of(const TrainingConfig& config) {
  return {.flip = config.flip,
          .crop_padding = config.crop_padding,
          .crop_min_area = config.crop_min_area,
          .randaugment = config.randaugment,
          .randaugment_magnitude = config.randaugment_magnitude,
          .mixup_alpha = config.mixup_alpha,
          .cutmix_alpha = config.cutmix_alpha};
}

Normalization normalization_of(const ImageSet& images) {
  const auto channels = static_cast<size_t>(images.channels);
  std::array<double, 3> sum{}, squares{};
  for (size_t i = 0; i < images.pixels.size(); ++i) {
    const double value = images.pixels[i];
    sum[i % channels] += value;
    squares[i % channels] += value * value;
  }
  for (const int place : images.places) {  // the cache knows the sums of its images
    const CachedImage& image = images.cache->images()[static_cast<size_t>(place)];
    for (size_t c = 0; c < channels; ++c) {
      sum[c] += static_cast<double>(image.sum[c]);
      squares[c] += static_cast<double>(image.squares[c]);
    }
  }
  const double count = static_cast<double>(images.size()) * images.height * images.width;
  Normalization result;
  const auto rounded = [](double byte) { return std::round(byte / kWhite * 1e4) / 1e4; };
  for (size_t c = 0; c < channels; ++c) {
    const double mean = sum[c] / count;
    const double variance = squares[c] / count - mean * mean;
    result.mean.push_back(rounded(mean));
    // A constant channel carries nothing; one byte step keeps it finite.
    result.deviation.push_back(rounded(std::sqrt(std::max(variance, 1.0))));
  }
  return result;
}

BatchMaker::BatchMaker(const ImageSet& images, const Normalization& normalization, int channels,
                       int resolution)
    : images_(images), channels_(channels), resolution_(resolution) {
  const bool repeated = images.channels == 1 && channels == 3;
  if (images.channels != channels && !repeated) {
    throw Error(
        ErrorKind::kConfig,
        "input_channels: " + std::to_string(channels) + " does not fit images of " +
            std::to_string(images.channels) + " channels: it must be " +
            (images.channels == 1 ? "1 or 3 (grey, repeated)" : std::to_string(images.channels)));
  }
  const Normalization of_channels = for_channels(normalization, channels);
  for (size_t c = 0; c < static_cast<size_t>(channels); ++c) {
    const double mean = of_channels.mean[c], deviation = of_channels.deviation[c];
    mean_[c] = static_cast<uint8_t>(std::clamp(std::lround(mean * kWhite), 0L, 255L));
    for (size_t byte = 0; byte < 256; ++byte)
      table_[c][byte] = static_cast<float>((static_cast<double>(byte) / kWhite - mean) / deviation);
  }
}

/// Fills [seen height, seen width, channels] floats; cells from outside the image stay 0, the mean
/// colour.
void BatchMaker::write(int index, const View& view, float* out) const {
  const uint8_t* image = images_.image(index);
  const int width = images_.width, height = images_.height;
  const int seen_width = images_.seen_width(), seen_height = images_.seen_height();
  const int left = (width - seen_width) / 2 + view.right;
  const int top = (height - seen_height) / 2 + view.down;
  for (int y = 0; y < seen_height; ++y) {
    const int from_y = y + top;
    for (int x = 0; x < seen_width; ++x, out += channels_) {
      const int from_x = (view.mirror ? seen_width - 1 - x : x) + left;
      if (from_y < 0 || from_y >= height || from_x < 0 || from_x >= width) continue;
      const uint8_t* pixel = image + (from_y * width + from_x) * images_.channels;
      for (int c = 0; c < channels_; ++c) {
        const int source = images_.channels == 1 ? 0 : c;
        out[c] = table_[static_cast<size_t>(c)][pixel[source]];
      }
    }
  }
}

/// The same by way of bytes: cropped and resized to the network's input, or shifted; then
/// RandAugment.
void BatchMaker::write_changed(int index, const View& view, const Augmentation& augmentation,
                               float* out) const {
  const uint8_t* image = images_.image(index);
  const int channels = images_.channels;
  const bool cropped = view.crop.width > 0;
  const int width = cropped ? resolution_ : images_.seen_width();
  const int height = cropped ? resolution_ : images_.seen_height();
  std::vector<uint8_t> cells(static_cast<size_t>(width) * static_cast<size_t>(height) *
                             static_cast<size_t>(channels));
  const auto pixel = [&](int x, int y) { return cells.data() + (y * width + x) * channels; };
  if (cropped) {
    resize(image, images_.width, images_.height, channels,
           {static_cast<double>(view.crop.x), static_cast<double>(view.crop.y),
            static_cast<double>(view.crop.width), static_cast<double>(view.crop.height)},
           width, height, Interpolation::kBilinear, cells.data());
  } else {
    const int left = (images_.width - width) / 2 + view.right;
    const int top = (images_.height - height) / 2 + view.down;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const int from_x = x + left, from_y = y + top;
        const bool inside =
            from_x >= 0 && from_y >= 0 && from_x < images_.width && from_y < images_.height;
        std::copy_n(inside ? image + (from_y * images_.width + from_x) * channels : mean_.data(),
                    channels, pixel(x, y));
      }
    }
  }
  if (view.mirror) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width / 2; ++x)
        std::swap_ranges(pixel(x, y), pixel(x, y) + channels, pixel(width - 1 - x, y));
    }
  }
  if (augmentation.randaugment > 0) {
    RandomStream stream(view.key);
    rand_augment({.pixels = cells.data(), .width = width, .height = height, .channels = channels},
                 augmentation.randaugment, augmentation.randaugment_magnitude, stream);
  }
  for (const uint8_t* cell = cells.data(); cell != cells.data() + cells.size(); cell += channels) {
    for (int c = 0; c < channels_; ++c) {
      const int source = channels == 1 ? 0 : c;
      *out++ = table_[static_cast<size_t>(c)][cell[source]];
    }
  }
}

Batch BatchMaker::make(const std::vector<int>& indices, const std::vector<View>& views,
                       const Augmentation& augmentation) const {
  const auto n = static_cast<int64_t>(indices.size());
  const bool cropped = augmentation.crop_min_area > 0;
  const int64_t height = cropped ? resolution_ : images_.seen_height();
  const int64_t width = cropped ? resolution_ : images_.seen_width();
  const at::Tensor cells = at::zeros({n, height, width, channels_}, at::kFloat);
  Batch batch;
  batch.labels = at::empty({n}, at::kLong);
  auto* out = cells.data_ptr<float>();
  auto* labels = batch.labels.data_ptr<int64_t>();
  const bool bytes = changes_bytes(augmentation);
  at::parallel_for(0, n, bytes ? 1 : n, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto at = static_cast<size_t>(i);
      float* to = out + i * height * width * channels_;
      if (bytes) {
        write_changed(indices[at], views[at], augmentation, to);
      } else {
        write(indices[at], views[at], to);
      }
      labels[i] = images_.labels[static_cast<size_t>(indices[at])];
    }
  });
  batch.images = cells.permute({0, 3, 1, 2});  // [n, channels, height, width]
  if (height != resolution_ || width != resolution_) {
    batch.images = at::_upsample_bilinear2d_aa(batch.images, {resolution_, resolution_},
                                               /*align_corners=*/false);
  }
  batch.images = batch.images.contiguous(at::MemoryFormat::ChannelsLast);
  return batch;
}

Batch BatchMaker::plain(const std::vector<int>& indices) const {
  return make(indices, std::vector<View>(indices.size()), {});
}

Batch BatchMaker::augmented(const std::vector<int>& indices, const Augmentation& augmentation,
                            RandomStream& stream) const {
  const int all = static_cast<int>(indices.size());
  return augmented(indices, augmentation, stream, {0, all, all});
}

std::vector<BatchMaker::View> BatchMaker::draw_views(size_t count, const Augmentation& augmentation,
                                                     RandomStream& stream) const {
  std::vector<View> views(count);
  const bool cropped = augmentation.crop_min_area > 0;
  const int padding = cropped ? 0 : augmentation.crop_padding;
  for (View& view : views) {
    if (augmentation.flip) view.mirror = stream.below(2) == 1;
    if (padding > 0) {
      view.down = stream.below(2 * padding + 1) - padding;
      view.right = stream.below(2 * padding + 1) - padding;
    }
    if (cropped)
      view.crop = draw_crop(images_.width, images_.height, augmentation.crop_min_area, stream);
    if (augmentation.randaugment > 0) view.key = stream.next();
  }
  return views;
}

Batch BatchMaker::augmented(const std::vector<int>& indices, const Augmentation& augmentation,
                            RandomStream& stream, const BatchSlice& slice) const {
  const std::vector<View> views = draw_views(indices.size(), augmentation, stream);
  const Mixing mixing = draw_mixing(augmentation.mixup_alpha, augmentation.cutmix_alpha,
                                    resolution_, resolution_, stream);
  Batch batch = make(part_of(indices, slice), part_of(views, slice), augmentation);
  if (!mixing.any()) return batch;
  // The partner of an image is the one at its place in the reversed batch, perhaps of another rank.
  const BatchSlice there{static_cast<int>(indices.size()) - slice.begin - slice.count, slice.count,
                         slice.total};
  Batch partners = there.begin == slice.begin
                       ? batch
                       : make(part_of(indices, there), part_of(views, there), augmentation);
  mix(mixing, batch.images, partners.images.flip(0));
  batch.partner_labels = partners.labels.flip(0);
  batch.own = mixing.own;
  return batch;
}

}  // namespace ridgeline
