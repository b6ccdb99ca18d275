#include "runtime/kernels/depthwise_loops.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "runtime/kernels/instruction_sets.h"

namespace ridgeline::kernels {
namespace {

// Channels that are worked on together: 16, 8 or 1.
using Wide = float __attribute__((vector_size(64)));
using Narrow = float __attribute__((vector_size(32)));

template <class V>
constexpr int64_t kLanes = sizeof(V) / sizeof(float);

template <class V>
RIDGELINE_INLINE V load(const float* from) {
  V values;
  std::memcpy(&values, from, sizeof(V));
  return values;
}
template <class V>
RIDGELINE_INLINE void store(float* to, const V& values) {
  std::memcpy(to, &values, sizeof(V));
}

/// The window positions of one axis that lie within the input: [begin, end).
struct Window {
  int64_t begin = 0, end = 0;
};
RIDGELINE_INLINE Window window_at(int64_t start, int64_t kernel, int64_t size) {
  return {std::max<int64_t>(0, -start), std::min(kernel, size - start)};
}

template <class V>
RIDGELINE_INLINE void forward_channels(const DepthwiseShape& s, const float* x, const float* weight,
                                       float* y, int64_t c) {
  for (int64_t oh = 0; oh < s.out_height; ++oh) {
    const int64_t top = oh * s.stride - s.pad_top;
    const Window rows = window_at(top, s.kernel_h, s.height);
    for (int64_t ow = 0; ow < s.out_width; ++ow) {
      const int64_t left = ow * s.stride - s.pad_left;
      const Window columns = window_at(left, s.kernel_w, s.width);
      V sum = {};
      for (int64_t i = rows.begin; i < rows.end; ++i) {
        const float* pixel = x + ((top + i) * s.width + left) * s.channels + c;
        const float* taps = weight + i * s.kernel_w * s.channels + c;
        for (int64_t j = columns.begin; j < columns.end; ++j)
          sum += load<V>(pixel + j * s.channels) * load<V>(taps + j * s.channels);
      }
      store(y + (oh * s.out_width + ow) * s.channels + c, sum);
    }
  }
}

template <class V>
RIDGELINE_INLINE void input_gradient_channels(const DepthwiseShape& s, const float* dy,
                                              const float* weight, float* dx, int64_t c) {
  for (int64_t ih = 0; ih < s.height; ++ih) {
    for (int64_t iw = 0; iw < s.width; ++iw) {
      V sum = {};
      for (int64_t i = 0; i < s.kernel_h; ++i) {
        const int64_t down = ih + s.pad_top - i;
        if (down < 0 || down % s.stride != 0 || down / s.stride >= s.out_height) continue;
        const float* row = dy + down / s.stride * s.out_width * s.channels + c;
        const float* taps = weight + i * s.kernel_w * s.channels + c;
        for (int64_t j = 0; j < s.kernel_w; ++j) {
          const int64_t right = iw + s.pad_left - j;
          if (right < 0 || right % s.stride != 0 || right / s.stride >= s.out_width) continue;
          sum += load<V>(row + right / s.stride * s.channels) * load<V>(taps + j * s.channels);
        }
      }
      store(dx + (ih * s.width + iw) * s.channels + c, sum);
    }
  }
}

template <class V>
RIDGELINE_INLINE void weight_gradient_channels(const DepthwiseShape& s, int64_t images,
                                               const float* x, const float* dy, float* dw,
                                               int64_t c) {
  // Long sums of floats lose digits: sums of about this many outputs are added up.
  constexpr int64_t kPartial = 1024;
  const int64_t window = s.kernel_h * s.kernel_w;
  std::array<V, kLargestWindow> partial = {}, total = {};
  int64_t outputs = 0;
  for (int64_t n = 0; n < images; ++n) {
    const float* image = x + n * s.height * s.width * s.channels + c;
    const float* gradient = dy + n * s.out_height * s.out_width * s.channels + c;
    for (int64_t oh = 0; oh < s.out_height; ++oh) {
      const int64_t top = oh * s.stride - s.pad_top;
      const Window rows = window_at(top, s.kernel_h, s.height);
      for (int64_t ow = 0; ow < s.out_width; ++ow) {
        const int64_t left = ow * s.stride - s.pad_left;
        const Window columns = window_at(left, s.kernel_w, s.width);
        const V output = load<V>(gradient + (oh * s.out_width + ow) * s.channels);
        for (int64_t i = rows.begin; i < rows.end; ++i) {
          const float* pixel = image + ((top + i) * s.width + left) * s.channels;
          V* sums = partial.data() + i * s.kernel_w;
          for (int64_t j = columns.begin; j < columns.end; ++j)
            sums[j] += output * load<V>(pixel + j * s.channels);
        }
      }
    }
    outputs += s.out_height * s.out_width;
    if (outputs < kPartial && n + 1 < images) continue;
    outputs = 0;
    for (int64_t i = 0; i < window; ++i) {
      total[static_cast<size_t>(i)] += partial[static_cast<size_t>(i)];
      partial[static_cast<size_t>(i)] = V{};
    }
  }
  for (int64_t i = 0; i < window; ++i)
    store(dw + i * s.channels + c, total[static_cast<size_t>(i)]);
}

}  // namespace

RIDGELINE_INSTRUCTION_SETS
void depthwise_forward(const DepthwiseShape& shape, const float* x, const float* weight, float* y,
                       int64_t first_image, int64_t last_image) {
  const int64_t in = shape.height * shape.width * shape.channels;
  const int64_t out = shape.out_height * shape.out_width * shape.channels;
  for (int64_t n = first_image; n < last_image; ++n) {
    int64_t c = 0;
    for (; c + kLanes<Wide> <= shape.channels; c += kLanes<Wide>)
      forward_channels<Wide>(shape, x + n * in, weight, y + n * out, c);
    for (; c + kLanes<Narrow> <= shape.channels; c += kLanes<Narrow>)
      forward_channels<Narrow>(shape, x + n * in, weight, y + n * out, c);
    for (; c < shape.channels; ++c)
      forward_channels<float>(shape, x + n * in, weight, y + n * out, c);
  }
}

RIDGELINE_INSTRUCTION_SETS
void depthwise_input_gradient(const DepthwiseShape& shape, const float* dy, const float* weight,
                              float* dx, int64_t first_image, int64_t last_image) {
  const int64_t in = shape.height * shape.width * shape.channels;
  const int64_t out = shape.out_height * shape.out_width * shape.channels;
  for (int64_t n = first_image; n < last_image; ++n) {
    int64_t c = 0;
    for (; c + kLanes<Wide> <= shape.channels; c += kLanes<Wide>)
      input_gradient_channels<Wide>(shape, dy + n * out, weight, dx + n * in, c);
    for (; c + kLanes<Narrow> <= shape.channels; c += kLanes<Narrow>)
      input_gradient_channels<Narrow>(shape, dy + n * out, weight, dx + n * in, c);
    for (; c < shape.channels; ++c)
      input_gradient_channels<float>(shape, dy + n * out, weight, dx + n * in, c);
  }
}

RIDGELINE_INSTRUCTION_SETS
void depthwise_weight_gradient(const DepthwiseShape& shape, int64_t images, const float* x,
                               const float* dy, float* dw, int64_t first_channel,
                               int64_t last_channel) {
  int64_t c = first_channel;
  for (; c + kLanes<Wide> <= last_channel; c += kLanes<Wide>)
    weight_gradient_channels<Wide>(shape, images, x, dy, dw, c);
  for (; c + kLanes<Narrow> <= last_channel; c += kLanes<Narrow>)
    weight_gradient_channels<Narrow>(shape, images, x, dy, dw, c);
  for (; c < last_channel; ++c) weight_gradient_channels<float>(shape, images, x, dy, dw, c);
}

}  // namespace ridgeline::kernels
