#include "accuracy/data/augment.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"

namespace ridgeline {
namespace {

constexpr double kWhite = 255;  // the byte of a pixel that is 1

}  // namespace

Normalization normalization_of(const ImageSet& images) {
  const auto channels = static_cast<size_t>(images.channels);
  std::array<double, 3> sum{}, squares{};
  for (size_t i = 0; i < images.pixels.size(); ++i) {
    const double value = images.pixels[i];
    sum[i % channels] += value;
    squares[i % channels] += value * value;
  }
  const double count = static_cast<double>(images.pixels.size()) / images.channels;
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
  for (size_t c = 0; c < static_cast<size_t>(images.channels); ++c) {
    for (size_t byte = 0; byte < 256; ++byte) {
      table_[c][byte] =
          static_cast<float>((static_cast<double>(byte) / kWhite - normalization.mean[c]) /
                             normalization.deviation[c]);
    }
  }
}

/// Fills [height, width, channels] floats; cells from outside the image stay 0, the mean colour.
void BatchMaker::write(int index, const View& view, float* out) const {
  const uint8_t* image = images_.image(index);
  const int width = images_.width, height = images_.height;
  for (int y = 0; y < height; ++y) {
    const int from_y = y + view.down;
    for (int x = 0; x < width; ++x, out += channels_) {
      const int from_x = (view.mirror ? width - 1 - x : x) + view.right;
      if (from_y < 0 || from_y >= height || from_x < 0 || from_x >= width) continue;
      const uint8_t* pixel = image + (from_y * width + from_x) * images_.channels;
      for (int c = 0; c < channels_; ++c) {
        const int source = images_.channels == 1 ? 0 : c;
        out[c] = table_[static_cast<size_t>(source)][pixel[source]];
      }
    }
  }
}

Batch BatchMaker::make(const std::vector<int>& indices, const std::vector<View>& views) const {
  const auto n = static_cast<int64_t>(indices.size());
  const at::Tensor cells = at::zeros({n, images_.height, images_.width, channels_}, at::kFloat);
  Batch batch;
  batch.labels = at::empty({n}, at::kLong);
  float* out = cells.data_ptr<float>();
  auto* labels = batch.labels.data_ptr<int64_t>();
  for (size_t i = 0; i < indices.size(); ++i) {
    write(indices[i], views[i], out);
    out += static_cast<int64_t>(images_.height) * images_.width * channels_;
    labels[i] = images_.labels[static_cast<size_t>(indices[i])];
  }
  batch.images = cells.permute({0, 3, 1, 2});  // [n, channels, height, width]
  if (images_.height != resolution_ || images_.width != resolution_) {
    batch.images = at::_upsample_bilinear2d_aa(batch.images, {resolution_, resolution_},
                                               /*align_corners=*/false);
  }
  batch.images = batch.images.contiguous(at::MemoryFormat::ChannelsLast);
  return batch;
}

Batch BatchMaker::plain(const std::vector<int>& indices) const {
  return make(indices, std::vector<View>(indices.size()));
}

Batch BatchMaker::augmented(const std::vector<int>& indices, const Augmentation& augmentation,
                            RandomStream& stream) const {
  const int all = static_cast<int>(indices.size());
  return augmented(indices, augmentation, stream, {0, all, all});
}

Batch BatchMaker::augmented(const std::vector<int>& indices, const Augmentation& augmentation,
                            RandomStream& stream, const BatchSlice& slice) const {
  std::vector<View> views(indices.size());
  const int padding = augmentation.crop_padding;
  for (View& view : views) {
    if (augmentation.flip) view.mirror = stream.below(2) == 1;
    if (padding > 0) {
      view.down = stream.below(2 * padding + 1) - padding;
      view.right = stream.below(2 * padding + 1) - padding;
    }
  }
  const auto part = [&](const auto& all) {
    return std::decay_t<decltype(all)>(all.begin() + slice.begin,
                                       all.begin() + slice.begin + slice.count);
  };
  return make(part(indices), part(views));
}

}  // namespace ridgeline
