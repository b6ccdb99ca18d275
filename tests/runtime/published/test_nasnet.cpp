#include "network/published/nasnet.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <map>

#include "runtime/network_module.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// NASNet-A with one cell per group in ATen's words, for odd maps only: there SAME is k / 2 on
/// every side. Figure 4 of the paper, and the official code where the figure does not say.
class WrittenOutNasNet {
 public:
  explicit WrittenOutNasNet(const NetworkModule& module) {
    for (const auto& item : module->named_parameters()) tensors_[item.key()] = item.value();
    for (const auto& item : module->named_buffers()) tensors_[item.key()] = item.value();
  }

  at::Tensor forward(const at::Tensor& x) const {
    const at::Tensor stem = bn("stem.conv", at::conv2d(x, get("stem.conv.conv.weight"), {}, 2));
    const at::Tensor stem0 = reduce("stem.cell0", adapt("stem.cell0.current", stem), stem);
    const at::Tensor stem1 = reduce("stem.cell1", adapt("stem.cell1.current", stem0),
                                    factorised("stem.cell1.previous", stem));
    const at::Tensor cell0 = normal("group1.cell0", stem1, stem0);
    const at::Tensor reduced1 = reduction("reduction1", cell0, stem1);
    const at::Tensor cell1 = normal("group2.cell0", reduced1, stem1);
    const at::Tensor reduced2 = reduction("reduction2", cell1, reduced1);
    const at::Tensor cell2 = normal("group3.cell0", reduced2, reduced1);
    return at::linear(cell2.relu().mean({2, 3}), get("classifier.weight"), get("classifier.bias"));
  }

 private:
  const at::Tensor& get(const std::string& name) const { return tensors_.at(name); }

  at::Tensor bn(const std::string& name, const at::Tensor& x) const {
    return at::batch_norm(x, get(name + ".bn.weight"), get(name + ".bn.bias"),
                          get(name + ".bn.running_mean"), get(name + ".bn.running_var"), false, 0.1,
                          1e-3, false);
  }
  at::Tensor conv_bn(const std::string& name, const at::Tensor& x) const {
    return bn(name, at::conv2d(x, get(name + ".conv.weight")));
  }
  at::Tensor adapt(const std::string& name, const at::Tensor& x) const {
    return conv_bn(name, x.relu());
  }
  at::Tensor factorised(const std::string& name, const at::Tensor& x) const {
    const at::Tensor even = x.relu().slice(2, 0, x.size(2), 2).slice(3, 0, x.size(3), 2);
    const at::Tensor moved = at::constant_pad_nd(x.relu().slice(2, 1).slice(3, 1), {0, 1, 0, 1});
    const at::Tensor odd = moved.slice(2, 0, x.size(2), 2).slice(3, 0, x.size(3), 2);
    return bn(name, at::cat({at::conv2d(even, get(name + ".path0.conv.weight")),
                             at::conv2d(odd, get(name + ".path1.conv.weight"))},
                            1));
  }
  at::Tensor separable(const std::string& name, at::Tensor x, int kernel, int stride = 1) const {
    for (const std::string half : {".0", ".1"}) {
      const std::string part = name + half;
      x = at::conv2d(x.relu(), get(part + ".depthwise.weight"), {}, half == ".0" ? stride : 1,
                     kernel / 2, 1, x.size(1));
      x = conv_bn(part + ".pointwise", x);
    }
    return x;
  }
  static at::Tensor mean(const at::Tensor& x, int stride = 1) {
    return at::avg_pool2d(x, 3, stride, 1, false, /*count_include_pad=*/false);
  }
  static at::Tensor largest(const at::Tensor& x) { return at::max_pool2d(x, 3, 2, 1); }

  at::Tensor adapt_previous(const std::string& name, const at::Tensor& c,
                            const at::Tensor& p) const {
    return c.size(2) == p.size(2) ? adapt(name + ".previous", p)
                                  : factorised(name + ".previous", p);
  }
  at::Tensor normal(const std::string& name, at::Tensor c, at::Tensor p) const {
    p = adapt_previous(name, c, p);
    c = adapt(name + ".current", c);
    const at::Tensor y0 = separable(name + ".y0.left", c, 5) + separable(name + ".y0.right", p, 3);
    const at::Tensor y1 = separable(name + ".y1.left", p, 5) + separable(name + ".y1.right", p, 3);
    const at::Tensor y4 = separable(name + ".y4.left", c, 3) + c;
    return at::cat({p, y0, y1, mean(c) + p, mean(p) + mean(p), y4}, 1);
  }
  at::Tensor reduction(const std::string& name, const at::Tensor& c, const at::Tensor& p) const {
    return reduce(name, adapt(name + ".current", c), adapt_previous(name, c, p));
  }
  at::Tensor reduce(const std::string& name, const at::Tensor& c, const at::Tensor& p) const {
    const at::Tensor y0 =
        separable(name + ".y0.left", c, 5, 2) + separable(name + ".y0.right", p, 7, 2);
    const at::Tensor y1 = largest(c) + separable(name + ".y1.right", p, 7, 2);
    const at::Tensor y2 = mean(c, 2) + separable(name + ".y2.right", p, 5, 2);
    const at::Tensor y4 = separable(name + ".y4.left", y0, 3) + largest(c);
    return at::cat({y1, y2, mean(y0) + y1, y4}, 1);
  }

  std::map<std::string, at::Tensor> tensors_;
};

}  // namespace

TEST_CASE("NASNet's cells compute what Figure 4 of the paper draws") {
  constexpr int kSide = 67;  // its maps have 33, 17, 9, 5 and 3 rows
  const NasNetA small{.stem_filters = 6, .filters = 16, .cells_per_group = 1, .dropout = 0.5};
  NetworkModule module(nasnet_a("small", kSide, small, 10), 5);
  const at::NoGradGuard no_grad;
  auto generator = at::detail::createCPUGenerator(3);
  module->train();
  for (int i = 0; i < 3; ++i) module->forward(at::randn({4, 3, kSide, kSide}, generator));
  for (auto& item : module->named_parameters()) {
    if (item.value().dim() == 1) item.value().uniform_(0.5, 1.5, generator);
  }
  module->eval();
  const at::Tensor x = at::randn({2, 3, kSide, kSide}, generator);
  const at::Tensor expected = WrittenOutNasNet(module).forward(x);
  CHECK((expected[0] - expected[1]).abs().max().item<double>() > 0.01);
  CHECK((module->forward(x) - expected).abs().max().item<double>() <
        1e-5 * expected.abs().max().item<double>());
}

TEST_CASE("NASNet refuses filters that its cells cannot halve") {
  const NasNetA odd{.stem_filters = 96, .filters = 100, .cells_per_group = 6, .dropout = 0.5};
  CHECK(error_of([&] { nasnet_a("odd", 331, odd); }) ==
        "network odd: filters is 100; valid: a positive multiple of 8");
}
