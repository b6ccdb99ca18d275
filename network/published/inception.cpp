#include "network/published/inception.h"

#include "network/published/input_size.h"

namespace ridgeline {
namespace {

constexpr int kSmallestInception = 75;
constexpr double kHeadDropout = 0.2;  // of the features; both papers keep 0.8

/// One convolution of a branch. Strided ones take no padding, the others keep the map's size.
struct Layer {
  int64_t channels;
  int kernel_h = 1, kernel_w = 1;
  int stride = 1;
};
using Branch = std::vector<Layer>;

/// A branch whose end goes through a 1 x 3 and a 3 x 1 convolution side by side.
struct Fork {
  Branch trunk;
  int64_t channels;
};

class Inception {
 public:
  Inception(const std::string& name, int resolution, bool pools_count_padding)
      : pools_count_padding_(pools_count_padding),
        builder_(check_resolution(name, resolution), {3, resolution, resolution, 1}) {}

  /// A convolution of the stem on the current map.
  void stem(const std::string& name, const Layer& layer, const Padding& padding) {
    x_ = conv(name, x_, layer, padding);
  }
  void max_pool(const std::string& name) { x_ = max_pool(name, x_); }

  /// The stem of both networks: 32 channels at half the size, 32, 64.
  void first_convolutions() {
    stem("stem.0", {32, 3, 3, 2}, Padding::valid());
    stem("stem.1", {32, 3, 3}, Padding::valid());
    stem("stem.2", {64, 3, 3}, Padding::same());
  }

  /// Branches side by side; then, in order, forks and an average pool with a 1 x 1 convolution.
  void block(const std::string& name, const std::vector<Branch>& branches,
             const std::vector<Fork>& forks, int64_t pool_channels) {
    std::vector<int> parts = ends(name, branches);
    for (size_t i = 0; i < forks.size(); ++i) {
      const std::string fork = name + ".branch" + std::to_string(branches.size() + i);
      const int trunk = run(fork, x_, forks[i].trunk);
      parts.push_back(conv(fork + ".wide", trunk, {forks[i].channels, 1, 3}, Padding::same()));
      parts.push_back(conv(fork + ".tall", trunk, {forks[i].channels, 3, 1}, Padding::same()));
    }
    const int mean = builder_.add(
        name + ".pool",
        Pool{Pool::Kind::kAverage, 3, 1, Padding::of(1, 1), false, pools_count_padding_}, {x_});
    parts.push_back(conv(name + ".pool_conv", mean, {pool_channels}, Padding::same()));
    x_ = builder_.add(name + ".concat", Concat{}, parts);
  }

  /// Strided branches beside a strided max pool.
  void reduction(const std::string& name, const std::vector<Branch>& branches) {
    std::vector<int> parts = ends(name, branches);
    parts.push_back(max_pool(name + ".pool", x_));
    x_ = builder_.add(name + ".concat", Concat{}, parts);
  }

  /// Branches of the stem side by side, the last convolution of each without padding.
  void fork_stem(const std::string& name, const std::vector<Branch>& branches) {
    std::vector<int> parts;
    for (size_t i = 0; i < branches.size(); ++i) {
      const std::string branch = name + ".branch" + std::to_string(i);
      const Branch padded(branches[i].begin(), branches[i].end() - 1);
      const int trunk = run(branch, x_, padded);
      parts.push_back(conv(branch + ".last", trunk, branches[i].back(), Padding::valid()));
    }
    x_ = builder_.add(name + ".concat", Concat{}, parts);
  }

  /// A strided pool and a strided convolution side by side, in the published order.
  void downsample_stem(const std::string& name, int64_t channels, bool pool_first) {
    const int pool = max_pool(name + ".pool", x_);
    const int strided = conv(name, x_, {channels, 3, 3, 2}, Padding::valid());
    x_ = builder_.add(name + ".concat", Concat{},
                      pool_first ? NodeInputs{pool, strided} : NodeInputs{strided, pool});
  }

  Network classifier(int classes) && {
    x_ = builder_.add("head.pool", GlobalAveragePool{}, {x_});
    x_ = builder_.add("head.dropout", Dropout{kHeadDropout}, {x_});
    builder_.add("classifier", Linear{classes, true}, {x_});
    return std::move(builder_).build();
  }

 private:
  static const std::string& check_resolution(const std::string& name, int resolution) {
    require_resolution(name, resolution, kSmallestInception);
    return name;
  }

  int conv(const std::string& name, int input, const Layer& layer, const Padding& padding) {
    return builder_.conv_bn_act(name, input,
                                {.out_channels = layer.channels,
                                 .kernel_h = layer.kernel_h,
                                 .kernel_w = layer.kernel_w,
                                 .stride = layer.stride,
                                 .padding = padding},
                                {.epsilon = 1e-3, .momentum = 0.1}, ActivationKind::kRelu);
  }
  int run(const std::string& name, int x, const Branch& branch) {
    for (size_t i = 0; i < branch.size(); ++i) {
      x = conv(name + "." + std::to_string(i), x, branch[i],
               branch[i].stride == 1 ? Padding::same() : Padding::valid());
    }
    return x;
  }
  std::vector<int> ends(const std::string& name, const std::vector<Branch>& branches) {
    std::vector<int> parts;
    for (size_t i = 0; i < branches.size(); ++i) {
      parts.push_back(run(name + ".branch" + std::to_string(i), x_, branches[i]));
    }
    return parts;
  }
  int max_pool(const std::string& name, int input) {
    return builder_.add(name, Pool{Pool::Kind::kMax, 3, 2, Padding::valid()}, {input});
  }

  bool pools_count_padding_;
  NetworkBuilder builder_;
  int x_ = 0;
};

std::string block_name(int stage, int block) {
  return "stage" + std::to_string(stage) + ".block" + std::to_string(block);
}

}  // namespace

Network inception_v3(const std::string& name, int resolution, int classes) {
  Inception net(name, resolution, /*pools_count_padding=*/true);
  net.first_convolutions();
  net.max_pool("stem.pool0");
  net.stem("stem.3", {80}, Padding::valid());
  net.stem("stem.4", {192, 3, 3}, Padding::valid());
  net.max_pool("stem.pool1");
  for (int i = 0; i < 3; ++i) {
    net.block(block_name(1, i), {{{64}}, {{48}, {64, 5, 5}}, {{64}, {96, 3, 3}, {96, 3, 3}}}, {},
              i == 0 ? 32 : 64);
  }
  net.reduction("reduction1", {{{384, 3, 3, 2}}, {{64}, {96, 3, 3}, {96, 3, 3, 2}}});
  const int64_t widths[] = {128, 160, 160, 192};
  for (int i = 0; i < 4; ++i) {
    const int64_t c = widths[i];
    net.block(block_name(2, i),
              {{{192}},
               {{c}, {c, 1, 7}, {192, 7, 1}},
               {{c}, {c, 7, 1}, {c, 1, 7}, {c, 7, 1}, {192, 1, 7}}},
              {}, 192);
  }
  net.reduction("reduction2",
                {{{192}, {320, 3, 3, 2}}, {{192}, {192, 1, 7}, {192, 7, 1}, {192, 3, 3, 2}}});
  for (int i = 0; i < 2; ++i) {
    net.block(block_name(3, i), {{{320}}}, {{{{384}}, 384}, {{{448}, {384, 3, 3}}, 384}}, 192);
  }
  return std::move(net).classifier(classes);
}

Network inception_v4(const std::string& name, int resolution, int classes) {
  Inception net(name, resolution, /*pools_count_padding=*/false);
  net.first_convolutions();
  net.downsample_stem("stem.3", 96, /*pool_first=*/true);
  net.fork_stem("stem.4", {{{64}, {96, 3, 3}}, {{64}, {64, 1, 7}, {64, 7, 1}, {96, 3, 3}}});
  net.downsample_stem("stem.5", 192, /*pool_first=*/false);
  for (int i = 0; i < 4; ++i) {
    net.block(block_name(1, i), {{{96}}, {{64}, {96, 3, 3}}, {{64}, {96, 3, 3}, {96, 3, 3}}}, {},
              96);
  }
  net.reduction("reduction1", {{{384, 3, 3, 2}}, {{192}, {224, 3, 3}, {256, 3, 3, 2}}});
  for (int i = 0; i < 7; ++i) {
    net.block(block_name(2, i),
              {{{384}},
               {{192}, {224, 1, 7}, {256, 7, 1}},
               {{192}, {192, 7, 1}, {224, 1, 7}, {224, 7, 1}, {256, 1, 7}}},
              {}, 128);
  }
  net.reduction("reduction2",
                {{{192}, {192, 3, 3, 2}}, {{256}, {256, 1, 7}, {320, 7, 1}, {320, 3, 3, 2}}});
  for (int i = 0; i < 3; ++i) {
    net.block(block_name(3, i), {{{256}}},
              {{{{384}}, 256}, {{{384}, {448, 3, 1}, {512, 1, 3}}, 256}}, 256);
  }
  return std::move(net).classifier(classes);
}

}  // namespace ridgeline
