#include "network/published/nasnet.h"

#include "network/published/input_size.h"

namespace ridgeline {
namespace {

constexpr int kSmallestNasNet = 32;  // the network halves the map five times

/// The cells of Figure 4. Every cell reads the output of the one before it, the current map c, and
/// an earlier one, p; both are adapted to the cell's filters first.
class NasNetBuilder {
 public:
  NasNetBuilder(const std::string& name, int resolution, const NasNetA& config)
      : config_(config), builder_(name, {3, resolution, resolution, 1}) {}

  Network run(int classes) {
    const int stem = builder_.conv_bn("stem.conv", 0,
                                      {.out_channels = config_.stem_filters,
                                       .kernel_h = 3,
                                       .kernel_w = 3,
                                       .stride = 2,
                                       .padding = Padding::valid()},
                                      bn_);
    int64_t filters = config_.filters;
    int previous = stem_cell0(stem, filters / 4);
    int current = stem_cell1(stem, previous, filters / 2);
    for (int group = 1; group <= 3; ++group, filters *= 2) {
      if (group > 1) {
        // The cell after a reduction reads the map that the reduction read as p, not the last one.
        const int earlier = previous;
        current =
            reduction_cell("reduction" + std::to_string(group - 1), current, previous, filters);
        previous = earlier;
      }
      for (int i = 0; i < config_.cells_per_group; ++i) {
        const std::string name = "group" + std::to_string(group) + ".cell" + std::to_string(i);
        const int next = normal_cell(name, current, previous, filters);
        previous = current;
        current = next;
      }
    }
    return classified(current, classes);
  }

 private:
  using Kind = Pool::Kind;

  int relu(const std::string& name, int x) {
    return builder_.add(name, Activation{ActivationKind::kRelu}, {x});
  }
  /// 1 x 1 adapter to `filters`.
  int adapt(const std::string& name, int x, int64_t filters) {
    return builder_.conv_bn(name, relu(name + ".relu", x), {.out_channels = filters}, bn_);
  }
  /// p adapted to `filters`, and to the size of c where a reduction lies between them.
  int adapt_previous(const std::string& name, int p, int c, int64_t filters) {
    if (builder_.shape(p).height == builder_.shape(c).height) return adapt(name, p, filters);
    const int x = relu(name + ".relu", p);
    const Conv2d half{.out_channels = filters / 2, .stride = 2};
    Conv2d shifted = half;
    shifted.padding = Padding::shifted();
    const int even = builder_.add(name + ".path0.conv", half, {x});
    const int odd = builder_.add(name + ".path1.conv", shifted, {x});
    const int both = builder_.add(name + ".concat", Concat{}, {even, odd});
    return builder_.add(name + ".bn", bn_, {both});
  }
  struct Separable {
    int kernel = 3, stride = 1;
    int64_t middle = 0, filters = 0;  ///< channels between the two halves and after them
  };
  /// (ReLU, depthwise, pointwise, batch norm) twice, the stride in the first.
  int separable(const std::string& name, int x, const Separable& s) {
    for (int i = 0; i < 2; ++i) {
      const std::string half = name + "." + std::to_string(i);
      const int64_t channels = builder_.shape(x).channels;
      x = relu(half + ".relu", x);
      x = builder_.add(half + ".depthwise",
                       Conv2d{.out_channels = channels,
                              .kernel_h = s.kernel,
                              .kernel_w = s.kernel,
                              .stride = i == 0 ? s.stride : 1,
                              .groups = channels},
                       {x});
      x = builder_.conv_bn(half + ".pointwise", x, {.out_channels = i == 0 ? s.middle : s.filters},
                           bn_);
    }
    return x;
  }
  int pool(const std::string& name, Kind kind, int x, int stride) {
    return builder_.add(name, Pool{kind, 3, stride, Padding::same(), false, false}, {x});
  }
  int sum(const std::string& name, int left, int right) {
    return builder_.add(name, Add{}, {left, right});
  }

  int normal_cell(const std::string& name, int c, int p, int64_t filters) {
    p = adapt_previous(name + ".previous", p, c, filters);
    c = adapt(name + ".current", c, filters);
    const auto sep = [&](const std::string& part, int x, int kernel) {
      return separable(name + part, x, {kernel, 1, filters, filters});
    };
    const auto mean = [&](const std::string& part, int x) {
      return pool(name + part, Kind::kAverage, x, 1);
    };
    const int y0 = sum(name + ".y0.add", sep(".y0.left", c, 5), sep(".y0.right", p, 3));
    const int y1 = sum(name + ".y1.add", sep(".y1.left", p, 5), sep(".y1.right", p, 3));
    const int y2 = sum(name + ".y2.add", mean(".y2.left", c), p);
    const int y3 = sum(name + ".y3.add", mean(".y3.left", p), mean(".y3.right", p));
    const int y4 = sum(name + ".y4.add", sep(".y4.left", c, 3), c);
    return builder_.add(name + ".concat", Concat{}, std::vector<int>{p, y0, y1, y2, y3, y4});
  }

  /// The body of a reduction cell on adapted maps.
  int reduce(const std::string& name, int c, int p, int64_t filters) {
    const auto sep = [&](const std::string& part, int x, int kernel, int stride) {
      // Only the stem's p has another width than the cell: its first half already changes it.
      const int64_t middle = x == p ? filters : builder_.shape(x).channels;
      return separable(name + part, x, {kernel, stride, middle, filters});
    };
    const int y0 = sum(name + ".y0.add", sep(".y0.left", c, 5, 2), sep(".y0.right", p, 7, 2));
    const int y1 =
        sum(name + ".y1.add", pool(name + ".y1.left", Kind::kMax, c, 2), sep(".y1.right", p, 7, 2));
    const int y2 = sum(name + ".y2.add", pool(name + ".y2.left", Kind::kAverage, c, 2),
                       sep(".y2.right", p, 5, 2));
    const int y3 = sum(name + ".y3.add", pool(name + ".y3.left", Kind::kAverage, y0, 1), y1);
    const int y4 = sum(name + ".y4.add", sep(".y4.left", y0, 3, 1),
                       pool(name + ".y4.right", Kind::kMax, c, 2));
    return builder_.add(name + ".concat", Concat{}, std::vector<int>{y1, y2, y3, y4});
  }
  int reduction_cell(const std::string& name, int c, int p, int64_t filters) {
    p = adapt_previous(name + ".previous", p, c, filters);
    c = adapt(name + ".current", c, filters);
    return reduce(name, c, p, filters);
  }
  /// p is the stem's convolution as it is.
  int stem_cell0(int stem, int64_t filters) {
    const int c = adapt("stem.cell0.current", stem, filters);
    return reduce("stem.cell0", c, stem, filters);
  }
  int stem_cell1(int stem, int c, int64_t filters) {
    return reduction_cell("stem.cell1", c, stem, filters);
  }

  Network classified(int x, int classes) {
    x = relu("head.relu", x);
    x = builder_.add("head.pool", GlobalAveragePool{}, {x});
    if (config_.dropout > 0) x = builder_.add("head.dropout", Dropout{config_.dropout}, {x});
    builder_.add("classifier", Linear{classes, true}, {x});
    return std::move(builder_).build();
  }

  const NasNetA& config_;
  NetworkBuilder builder_;
  BatchNorm bn_{.epsilon = 1e-3, .momentum = 0.1};
};

}  // namespace

Network nasnet_a(const std::string& name, int resolution, const NasNetA& config, int classes) {
  require_resolution(name, resolution, kSmallestNasNet);
  if (config.filters < 8 || config.filters % 8 != 0) {
    throw Error(ErrorKind::kConfig, "network " + name + ": filters is " +
                                        std::to_string(config.filters) +
                                        "; valid: a positive multiple of 8");
  }
  return NasNetBuilder(name, resolution, config).run(classes);
}

}  // namespace ridgeline
