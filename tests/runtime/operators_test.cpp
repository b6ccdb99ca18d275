#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "runtime/network_module.h"
#include "tests/catch.h"
#include "tests/runtime/networks.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// One axis of a convolution or pool.
struct Axis {
  int64_t before = 0, after = 0, out = 0;
};

/// The axis found by counting windows: a reference that shares nothing with `resolve_padding`.
Axis count_windows(Padding::Mode mode, int explicit_pad, int64_t in, int kernel, int stride,
                   bool ceil_mode = false) {
  const auto fitting = [&](int64_t cells) {
    int64_t windows = 0;
    for (int64_t start = 0; start + kernel <= cells; start += stride) ++windows;
    return windows;
  };
  Axis axis;
  if (mode == Padding::Mode::kSame || mode == Padding::Mode::kShifted) {
    for (int64_t cell = 0; cell < in; cell += stride) ++axis.out;
    int64_t padding = 0;
    while (fitting(in + padding) < axis.out) ++padding;
    const int64_t shift = mode == Padding::Mode::kShifted ? 1 : 0;
    axis.before = padding / 2 - shift;
    axis.after = padding - padding / 2 + shift;
    return axis;
  }
  axis.before = axis.after = mode == Padding::Mode::kExplicit ? explicit_pad : 0;
  const int64_t cells = in + 2 * axis.before;
  axis.out = fitting(cells);
  const int64_t next = axis.out * stride;  // where one more window would start
  const bool cells_left = next - stride + kernel < cells;
  if (ceil_mode && cells_left && next < axis.before + in) ++axis.out;
  return axis;
}

/// Convolution by its definition, in double.
at::Tensor naive_conv(const at::Tensor& x, const at::Tensor& weight, const Conv2d& conv,
                      const Shape& out) {
  const Axis h =
      count_windows(conv.padding.mode, conv.padding.height, x.size(2), conv.kernel_h, conv.stride);
  const Axis w =
      count_windows(conv.padding.mode, conv.padding.width, x.size(3), conv.kernel_w, conv.stride);
  REQUIRE(h.out == out.height);
  REQUIRE(w.out == out.width);
  const auto in = x.accessor<float, 4>();
  const auto k = weight.accessor<float, 4>();
  at::Tensor result = at::zeros({x.size(0), out.channels, out.height, out.width}, at::kDouble);
  auto r = result.accessor<double, 4>();
  const int64_t group_in = k.size(1), group_out = out.channels / conv.groups;
  for (int64_t n = 0; n < x.size(0); ++n)
    for (int64_t c = 0; c < out.channels; ++c)
      for (int64_t row = 0; row < out.height; ++row)
        for (int64_t col = 0; col < out.width; ++col)
          for (int64_t ci = 0; ci < group_in; ++ci)
            for (int64_t i = 0; i < conv.kernel_h; ++i)
              for (int64_t j = 0; j < conv.kernel_w; ++j) {
                const int64_t y = row * conv.stride + i - h.before;
                const int64_t z = col * conv.stride + j - w.before;
                if (y < 0 || z < 0 || y >= x.size(2) || z >= x.size(3)) continue;
                r[n][c][row][col] +=
                    double{in[n][c / group_out * group_in + ci][y][z]} * double{k[c][ci][i][j]};
              }
  return result;
}

/// Pooling by its definition, in double. `ceil_mode`: cells past the trailing padding never count.
at::Tensor naive_pool(const at::Tensor& x, const Pool& p, const Shape& out) {
  const Axis h =
      count_windows(p.padding.mode, p.padding.height, x.size(2), p.kernel, p.stride, p.ceil_mode);
  const Axis w =
      count_windows(p.padding.mode, p.padding.width, x.size(3), p.kernel, p.stride, p.ceil_mode);
  REQUIRE(h.out == out.height);
  REQUIRE(w.out == out.width);
  const auto in = x.accessor<float, 4>();
  at::Tensor result = at::zeros({x.size(0), out.channels, out.height, out.width}, at::kDouble);
  auto r = result.accessor<double, 4>();
  for (int64_t n = 0; n < x.size(0); ++n)
    for (int64_t c = 0; c < out.channels; ++c)
      for (int64_t row = 0; row < out.height; ++row)
        for (int64_t col = 0; col < out.width; ++col) {
          double largest = -std::numeric_limits<double>::infinity(), sum = 0;
          int inside = 0, padded = 0;
          for (int64_t i = 0; i < p.kernel; ++i)
            for (int64_t j = 0; j < p.kernel; ++j) {
              const int64_t y = row * p.stride + i - h.before, z = col * p.stride + j - w.before;
              if (y >= x.size(2) + h.after || z >= x.size(3) + w.after) continue;
              ++padded;
              if (y < 0 || z < 0 || y >= x.size(2) || z >= x.size(3)) continue;
              ++inside;
              largest = std::max(largest, double{in[n][c][y][z]});
              sum += in[n][c][y][z];
            }
          r[n][c][row][col] =
              p.kind == Pool::Kind::kMax ? largest : sum / (p.count_padding ? padded : inside);
        }
  return result;
}

void check_conv(const Conv2d& conv, const Shape& input) {
  const Network network = single(conv, input);
  const at::NoGradGuard no_grad;
  NetworkModule module(network, 17);
  const at::Tensor x = noise({2, input.channels, input.height, input.width}, 3);
  const Shape& out = network.output_shape();
  const at::Tensor y = module->forward(x).reshape({2, out.channels, out.height, out.width});
  INFO(describe(conv) << " on " << to_string(input));
  CHECK(difference(y, naive_conv(x, module->named_parameters()["node.weight"], conv, out)) < 1e-4);
}

void check_pool(const Pool& pool, const Shape& input) {
  const Network network = single(pool, input);
  const at::Tensor x = noise({2, input.channels, input.height, input.width}, 3) - 2;
  INFO(describe(pool) << " on " << to_string(input) << (pool.ceil_mode ? " ceil" : "")
                      << (pool.count_padding ? "" : " uncounted"));
  CHECK(difference(infer(network, x), naive_pool(x, pool, network.output_shape())) < 1e-5);
}

}  // namespace

TEST_CASE("convolutions with SAME padding equal the definition for even and odd sizes") {
  for (const int stride : {1, 2, 3}) {
    for (const int kernel : {1, 2, 3, 5}) {
      for (const int64_t side : {6, 7}) {
        check_conv({.out_channels = 4, .kernel_h = kernel, .kernel_w = kernel, .stride = stride},
                   {3, side, side + 1});
      }
    }
  }
}

TEST_CASE("grouped, depthwise, asymmetric, VALID and explicit convolutions equal the definition") {
  check_conv({.out_channels = 6, .kernel_h = 3, .kernel_w = 3, .groups = 2}, {4, 5, 6});
  check_conv({.out_channels = 4, .kernel_h = 5, .kernel_w = 5, .stride = 2, .groups = 4},
             {4, 8, 7});
  check_conv({.out_channels = 8, .kernel_h = 2, .kernel_w = 2, .groups = 4}, {4, 5, 5});
  check_conv({.out_channels = 3, .kernel_h = 1, .kernel_w = 7}, {2, 5, 9});
  check_conv({.out_channels = 3, .kernel_h = 6, .kernel_w = 1, .stride = 2}, {2, 9, 5});
  check_conv({.out_channels = 3, .kernel_h = 3, .kernel_w = 2, .padding = Padding::valid()},
             {2, 5, 6});
  check_conv(
      {.out_channels = 3, .kernel_h = 3, .kernel_w = 5, .stride = 2, .padding = Padding::of(2, 1)},
      {2, 6, 7});
}

TEST_CASE("a convolution's bias is added to each of its channels") {
  const at::NoGradGuard no_grad;
  NetworkModule module(single(Conv2d{.out_channels = 3, .bias = true}, {2, 4, 4}), 1);
  const at::Tensor x = noise({1, 2, 4, 4}, 2);
  const at::Tensor before = module->forward(x).reshape({1, 3, 4, 4});
  const at::Tensor bias = noise({3}, 5);
  module->named_parameters()["node.bias"].copy_(bias);
  CHECK(difference(module->forward(x).reshape({1, 3, 4, 4}), before + bias.reshape({1, 3, 1, 1})) <
        1e-5);
}

TEST_CASE("max and average pools equal the definition in every padding mode") {
  using enum Pool::Kind;
  for (const auto kind : {kMax, kAverage}) {
    for (const bool count : {true, false}) {
      for (const int64_t side : {6, 7}) {
        const Shape input{3, side, side + 1};
        check_pool({kind, 3, 2, Padding::same(), false, count}, input);
        check_pool({kind, 2, 2, Padding::same(), false, count}, input);
        check_pool({kind, 2, 1, Padding::same(), false, count}, input);
        check_pool({kind, 3, 1, Padding::same(), false, count}, input);
        check_pool({kind, 1, 2, Padding::same(), false, count}, input);
        check_pool({kind, 3, 2, Padding::valid(), false, count}, input);
        check_pool({kind, 3, 2, Padding::valid(), true, count}, input);
        check_pool({kind, 3, 2, Padding::of(1, 1), false, count}, input);
        check_pool({kind, 3, 2, Padding::of(1, 1), true, count}, input);
        check_pool({kind, 3, 2, Padding::of(1, 0), true, count}, input);
        check_pool({kind, 2, 3, Padding::of(1, 1), true, count}, input);
      }
    }
  }
}

TEST_CASE("SAME pools in ceil mode are as wide as their shape says") {
  using enum Pool::Kind;
  for (const auto kind : {kMax, kAverage}) {
    for (const int kernel : {1, 2, 3}) {
      for (const int stride : {1, 2, 3}) {
        for (const int64_t side : {5, 6, 7}) {
          check_pool({kind, kernel, stride, Padding::same(), true, false}, {2, side, side + 1});
        }
      }
    }
  }
}

TEST_CASE("activations are the published functions, in their values and their slopes") {
  struct Row {
    ActivationKind kind;
    std::function<double(double)> function;
  };
  const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  const auto hard_sigmoid = [](double v) { return std::clamp(v + 3, 0.0, 6.0) / 6; };
  const std::vector<Row> rows = {
      {ActivationKind::kIdentity, [](double v) { return v; }},
      {ActivationKind::kRelu, [](double v) { return std::max(v, 0.0); }},
      {ActivationKind::kSwish, [&](double v) { return v * sigmoid(v); }},
      {ActivationKind::kSigmoid, sigmoid},
      {ActivationKind::kRelu6, [](double v) { return std::clamp(v, 0.0, 6.0); }},
      {ActivationKind::kHardSwish, [&](double v) { return v * hard_sigmoid(v); }},
      {ActivationKind::kHardSigmoid, hard_sigmoid}};
  // Between the kinks at -3, 0, 3 and 6, so that slopes exist.
  const at::Tensor x = at::tensor({-4.0f, -2.5f, -0.5f, 2.0f, 4.0f, 7.0f}).reshape({1, 6, 1, 1});
  for (const Row& row : rows) {
    INFO(to_string(row.kind));
    NetworkModule module(single(Activation{row.kind}, {6, 1, 1}), 1);
    const at::Tensor input = x.clone().requires_grad_();
    const at::Tensor y = module->forward(input).flatten();
    y.sum().backward();
    for (int64_t i = 0; i < 6; ++i) {
      const double v = x.flatten()[i].item<double>();
      const double step = 1e-4;
      CHECK(y[i].item<double>() == Approx(row.function(v)).margin(1e-6));
      CHECK(input.grad().flatten()[i].item<double>() ==
            Approx((row.function(v + step) - row.function(v - step)) / (2 * step)).margin(1e-5));
    }
  }
}

TEST_CASE("shifted convolutions and pools start one cell further on, with zeros past the end") {
  const at::NoGradGuard no_grad;
  for (const int64_t side : {6, 7}) {
    const Shape input{2, side, side + 1};
    check_conv({.out_channels = 3, .stride = 2, .padding = Padding::shifted()}, input);
    check_conv({.out_channels = 3,
                .kernel_h = 3,
                .kernel_w = 3,
                .stride = 2,
                .padding = Padding::shifted()},
               input);
    const at::Tensor x = noise({2, input.channels, input.height, input.width}, 3);
    const Pool every_second{Pool::Kind::kAverage, 1, 2, Padding::shifted()};
    const at::Tensor moved = at::constant_pad_nd(x, {-1, 1, -1, 1});
    CHECK(same_bits(infer(single(every_second, input), x),
                    moved.slice(2, 0, side, 2).slice(3, 0, side + 1, 2)));
  }
}

TEST_CASE("the global pool is the mean of the map, and linear is weights times it plus bias") {
  const at::NoGradGuard no_grad;
  const at::Tensor x = noise({2, 3, 4, 5}, 1);
  CHECK(difference(infer(single(GlobalAveragePool{}, {3, 4, 5}), x),
                   x.mean(std::vector<int64_t>{2, 3}, /*keepdim=*/true)) < 1e-6);
  NetworkModule module(single(Linear{4, true}, {3, 1, 1}), 2);
  auto tensors = module->named_parameters();
  tensors["node.bias"].copy_(noise({4}, 8));
  const at::Tensor v = noise({2, 3, 1, 1}, 3);
  const at::Tensor expected =
      at::matmul(v.flatten(1), tensors["node.weight"].t()) + tensors["node.bias"];
  CHECK(difference(module->forward(v), expected) < 1e-6);
}

TEST_CASE("sums, products with broadcast, concatenation and slices, by hand") {
  NetworkBuilder b("n", {4, 2, 3});
  const int gate = b.add("gate", GlobalAveragePool{}, {0});
  const int gated = b.add("gated", Multiply{}, {0, gate});
  const int square = b.add("square", Multiply{}, {0, 0});
  const int cut = b.add("cut", Slice{1, 2}, {0});
  const int sum = b.add("sum", Add{}, {0, gated, square});
  b.add("beside", Concat{}, {sum, cut, gated});
  const at::Tensor x = noise({2, 4, 2, 3}, 1);
  const at::Tensor mean = x.mean(std::vector<int64_t>{2, 3}, true);
  const at::Tensor expected = at::cat({x + x * mean + x * x, x.slice(1, 1, 3), x * mean}, 1);
  CHECK(difference(infer(std::move(b).build(), x), expected) < 1e-6);
}

TEST_CASE("split softmax normalises over the splits of each channel") {
  const at::Tensor x = noise({2, 6, 1, 2}, 4);
  const at::Tensor y = infer(single(SplitSoftmax{3}, {6, 1, 2}), x);
  for (int64_t n = 0; n < 2; ++n) {
    for (int64_t c = 0; c < 2; ++c) {
      for (int64_t w = 0; w < 2; ++w) {
        double total = 0;
        for (int64_t s = 0; s < 3; ++s) total += std::exp(x[n][s * 2 + c][0][w].item<double>());
        for (int64_t s = 0; s < 3; ++s) {
          const double expected = std::exp(x[n][s * 2 + c][0][w].item<double>()) / total;
          CHECK(y[n][s * 2 + c][0][w].item<double>() == Approx(expected).margin(1e-6));
        }
      }
    }
  }
  CHECK(difference(infer(single(SplitSoftmax{1}, {6, 1, 2}), x), at::ones_like(x)) < 1e-6);
}

TEST_CASE("a linear layer's output can gate a map, as its C x 1 x 1 shape says") {
  NetworkBuilder builder("gated", {4, 3, 3, 1});
  int gate = builder.add("pool", GlobalAveragePool{}, {0});
  gate = builder.add("linear", Linear{4, true}, {gate});
  gate = builder.add("sigmoid", Activation{ActivationKind::kSigmoid}, {gate});
  builder.add("scale", Multiply{}, {0, gate});
  const Network network = std::move(builder).build();
  const at::Tensor x = noise({2, 4, 3, 3}, 5);
  NetworkModule module(network, 1);
  module->eval();
  const auto parameters = module->named_parameters();
  const at::Tensor weights = at::sigmoid(
      at::linear(x.mean({2, 3}), parameters["linear.weight"], parameters["linear.bias"]));
  CHECK(difference(module->forward(x), (x * weights.view({2, 4, 1, 1})).flatten(1)) < 1e-6);
}
