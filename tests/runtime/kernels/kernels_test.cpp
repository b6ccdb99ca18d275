#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>

#include <vector>

#include "core/config_path.h"
#include "runtime/device.h"
#include "runtime/kernels/batch_norm_activation.h"
#include "runtime/kernels/depthwise.h"
#include "runtime/kernels/pointwise.h"
#include "runtime/network_module.h"
#include "search_space/architecture.h"
#include "tests/catch.h"

using namespace ridgeline;
using kernels::FusedActivation;

namespace {

constexpr auto kLayout = at::MemoryFormat::ChannelsLast;

at::Tensor noise(const std::vector<int64_t>& shape, uint64_t seed) {
  at::Tensor x = at::empty(shape);
  x.normal_(0, 1, at::make_generator<at::CPUGeneratorImpl>(seed));
  return x.dim() == 4 ? x.clone(kLayout) : x;
}

at::Tensor leaf(const at::Tensor& x) { return x.detach().clone().requires_grad_(); }

/// The largest difference, as a share of the largest value of `b`.
double difference(const at::Tensor& a, const at::Tensor& b) {
  REQUIRE(a.sizes() == b.sizes());
  const double largest = b.abs().max().item<double>();
  return (a - b).abs().max().item<double>() / std::max(largest, 1e-6);
}

struct Gradients {
  at::Tensor y;
  std::vector<at::Tensor> of;
};
/// y = work(leaves) and the gradients of a fixed weighted sum of y.
template <class Work>
Gradients run(const std::vector<at::Tensor>& inputs, const Work& work) {
  std::vector<at::Tensor> leaves;
  for (const at::Tensor& input : inputs) leaves.push_back(leaf(input));
  const at::Tensor y = work(leaves);
  (y * noise(y.sizes().vec(), 99)).sum().backward();
  Gradients result{y.detach(), {}};
  for (const at::Tensor& l : leaves) result.of.push_back(l.grad());
  return result;
}

void check_close(const Gradients& own, const Gradients& reference, double tolerance = 1e-5) {
  CHECK(difference(own.y, reference.y) < tolerance);
  for (size_t i = 0; i < own.of.size(); ++i)
    CHECK(difference(own.of[i], reference.of[i]) < tolerance);
}

void check_equal(const Gradients& a, const Gradients& b) {
  CHECK(a.y.equal(b.y));
  for (size_t i = 0; i < a.of.size(); ++i) CHECK(a.of[i].equal(b.of[i]));
}

/// The same work on one thread and on three.
template <class Work>
std::pair<Gradients, Gradients> on_one_and_three_threads(const std::vector<at::Tensor>& inputs,
                                                         const Work& work) {
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  Gradients one = run(inputs, work);
  at::set_num_threads(3);
  Gradients three = run(inputs, work);
  at::set_num_threads(before);
  return {one, three};
}

}  // namespace

TEST_CASE("own depthwise convolution equals LibTorch's, values and gradients") {
  struct Case {
    int64_t images, channels, height, width, kernel, stride;
    kernels::ImagePadding padding;
  };
  const std::vector<Case> cases = {
      {5, 48, 1, 1, 5, 1, {2, 2, 2, 2}},  {3, 40, 2, 2, 3, 1, {1, 1, 1, 1}},
      {2, 33, 7, 5, 3, 2, {0, 1, 1, 0}},  {2, 7, 9, 9, 5, 2, {1, 2, 1, 2}},
      {1, 1, 6, 6, 3, 1, {0, 0, 0, 0}},   {2, 24, 8, 8, 7, 1, {3, 3, 3, 3}},
      {2, 16, 11, 4, 3, 3, {1, 1, 0, 2}}, {40, 17, 6, 6, 5, 1, {2, 2, 2, 2}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.channels, c.height, c.kernel, c.stride);
    const std::vector<at::Tensor> inputs = {noise({c.images, c.channels, c.height, c.width}, 1),
                                            noise({c.channels, 1, c.kernel, c.kernel}, 2)};
    REQUIRE(kernels::takes_depthwise(inputs[0], inputs[1], c.channels));
    const auto own = [&](const std::vector<at::Tensor>& in) {
      return kernels::depthwise_convolution(in[0], in[1], c.stride, c.padding);
    };
    const auto [one, three] = on_one_and_three_threads(inputs, own);
    check_equal(one, three);
    const auto& p = c.padding;
    const std::vector<int64_t> stride(2, c.stride), none(2, 0), one_by_one(2, 1);
    check_close(one, run(inputs, [&](const std::vector<at::Tensor>& in) {
                  return at::conv2d(at::constant_pad_nd(in[0], {p.left, p.right, p.top, p.bottom}),
                                    in[1], at::Tensor(), stride, none, one_by_one, c.channels);
                }));
  }
}

TEST_CASE("own depthwise convolution leaves the rest to LibTorch") {
  const at::Tensor x = noise({1, 8, 9, 9}, 1);
  CHECK_FALSE(kernels::takes_depthwise(x, noise({8, 1, 9, 9}, 2), 8));   // a window of 81
  CHECK_FALSE(kernels::takes_depthwise(x, noise({16, 1, 3, 3}, 2), 8));  // two filters a channel
  CHECK_FALSE(kernels::takes_depthwise(x, noise({8, 4, 3, 3}, 2), 2));   // groups of 4
  CHECK_FALSE(kernels::takes_depthwise(x.to(at::kBFloat16), noise({8, 1, 3, 3}, 2), 8));
}

TEST_CASE("own batch norm with activation equals LibTorch's, values, gradients and statistics") {
  const auto activation =
      GENERATE(FusedActivation::kIdentity, FusedActivation::kRelu, FusedActivation::kSwish);
  for (const std::vector<int64_t>& shape :
       {std::vector<int64_t>{4, 24, 5, 3}, {600, 3, 1, 1}, {2, 1, 2, 1}, {37, 19, 8, 8}}) {
    CAPTURE(static_cast<int>(activation), shape);
    const int64_t channels = shape[1];
    // Far from zero: the variance must not cancel.
    const std::vector<at::Tensor> inputs = {noise(shape, 1) * 0.5 + 30, noise({channels}, 2),
                                            noise({channels}, 3)};
    REQUIRE(kernels::takes_batch_norm(inputs[0]));
    at::Tensor mean, variance;
    const auto own = [&](const std::vector<at::Tensor>& in) {
      mean = noise({channels}, 4), variance = noise({channels}, 5).abs();
      return kernels::batch_norm_activation(in[0], {in[1], in[2], mean, variance}, 0.1, 1e-3,
                                            activation);
    };
    const auto activate = [&](const at::Tensor& z) {
      return activation == FusedActivation::kRelu    ? at::relu(z)
             : activation == FusedActivation::kSwish ? at::silu(z)
                                                     : z;
    };
    const auto [one, three] = on_one_and_three_threads(inputs, own);
    check_equal(one, three);
    // LibTorch works in float: the reference is its double.
    const at::Tensor reference_mean = noise({channels}, 4).to(at::kDouble),
                     reference_variance = noise({channels}, 5).abs().to(at::kDouble);
    std::vector<at::Tensor> doubles;
    for (const at::Tensor& input : inputs) doubles.push_back(input.to(at::kDouble));
    check_close(one,
                run(doubles,
                    [&](const std::vector<at::Tensor>& in) {
                      return activate(at::batch_norm(in[0], in[1], in[2], reference_mean,
                                                     reference_variance, true, 0.1, 1e-3, false));
                    }),
                1e-4);
    CHECK(difference(mean, reference_mean) < 1e-5);
    CHECK(difference(variance, reference_variance) < 1e-4);

    const at::NoGradGuard no_gradients;
    const at::Tensor x = noise(shape, 6);
    CHECK(difference(kernels::scored_batch_norm_activation(
                         x, {inputs[1], inputs[2], mean, variance}, 1e-3, activation),
                     activate(at::batch_norm(x, inputs[1], inputs[2], mean, variance, false, 0.1,
                                             1e-3, false))) < 1e-5);
  }
}

TEST_CASE("the swish of the own kernel holds for large and small inputs") {
  const at::NoGradGuard no_gradients;
  at::Tensor z = at::cat({at::linspace(-100, 100, 4001), at::tensor({0.0F, -0.0F, 1e-30F, 3e38F})});
  const at::Tensor x = z.view({-1, 1, 1, 1}).clone(kLayout);
  const at::Tensor one = at::ones({1}), zero = at::zeros({1});
  const at::Tensor y =
      kernels::scored_batch_norm_activation(x, {one, zero, zero, one}, 0.0, FusedActivation::kSwish)
          .flatten();
  const at::Tensor expected = at::silu(z.to(at::kDouble));
  CHECK(((y - expected).abs() / (expected.abs() + 1e-6)).max().item<double>() < 1e-6);
}

TEST_CASE("a 1 x 1 convolution as a product of matrices equals LibTorch's") {
  for (const bool with_bias : {false, true}) {
    std::vector<at::Tensor> inputs = {noise({6, 20, 3, 5}, 1), noise({9, 20, 1, 1}, 2)};
    if (with_bias) inputs.push_back(noise({9}, 3));
    REQUIRE(kernels::takes_pointwise(inputs[0], inputs[1], 1));
    const auto bias = [&](const std::vector<at::Tensor>& in) {
      return with_bias ? in[2] : at::Tensor();
    };
    const Gradients own = run(inputs, [&](const std::vector<at::Tensor>& in) {
      return kernels::pointwise_convolution(in[0], in[1], bias(in));
    });
    CHECK(own.y.is_contiguous(kLayout));
    check_close(own, run(inputs, [&](const std::vector<at::Tensor>& in) {
                  return at::conv2d(in[0], in[1], bias(in));
                }));
  }
}

TEST_CASE("networks with own kernels equal those without, values, gradients and statistics") {
  const std::string name =
      GENERATE("efficientnet_b0", "efficientnet_x_b0_gpu", "efficientnet_b0_s2d_fused");
  Architecture architecture = load_architecture(find_config("architectures", name));
  architecture.resolution = 64;
  architecture.classes = 10;
  // A ReLU whose input is nearly 0 switches by rounding alone, and gradients jump with it. Its own
  // kernel is compared above.
  architecture.stem.activation = architecture.head.activation = ActivationKind::kSwish;
  for (Stage& stage : architecture.stages) stage.activation = ActivationKind::kSwish;
  const Network network = lower(architecture);
  const at::Tensor images = noise({8, 3, 64, 64}, 1);
  const at::Tensor labels = at::arange(8);
  const auto trained = [&](bool own, at::ScalarType type) {
    NetworkModule module(network, /*seed=*/1);
    place(*module, at::kCPU);
    module->to(type);
    module->use_own_kernels(own);
    module->train();
    at::cross_entropy_loss(module->forward(images.to(type)), labels).backward();
    return module;
  };
  NetworkModule own = trained(true, at::kFloat), reference = trained(false, at::kFloat),
                exact = trained(false, at::kDouble);
  // Many of these are sums that cancel, so float is compared with double: the own kernels must be
  // as near to it as LibTorch's.
  const auto error = [](const at::Tensor& value, const at::Tensor& truth) {
    return (value - truth).norm().item<double>();
  };
  double own_error = 0, reference_error = 0, size = 0;
  const auto compare = [&](const at::Tensor& a, const at::Tensor& b, const at::Tensor& truth) {
    own_error += error(a, truth);
    reference_error += error(b, truth);
    size += truth.norm().item<double>();
  };
  const auto own_parameters = own->parameters(), others = reference->parameters(),
             exact_ones = exact->parameters();
  for (size_t i = 0; i < exact_ones.size(); ++i)
    compare(own_parameters[i].grad(), others[i].grad(), exact_ones[i].grad());
  CHECK(own_error < 2 * reference_error);
  own_error = reference_error = size = 0;
  const auto own_statistics = own->buffers(), other_statistics = reference->buffers(),
             exact_statistics = exact->buffers();
  for (size_t i = 0; i < exact_statistics.size(); ++i)
    compare(own_statistics[i], other_statistics[i], exact_statistics[i]);
  CHECK(own_error < 2 * reference_error);
  CHECK(own_error < 1e-5 * size);
  const at::NoGradGuard no_gradients;
  own->eval();
  reference->eval();
  CHECK(difference(own->forward(images), reference->forward(images)) < 1e-4);
}
