#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include "network/published/known_networks.h"
#include "runtime/network_module.h"
#include "runtime/parameter_names.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

NetworkModule frozen_resnet(const std::vector<std::string>& patterns) {
  NetworkModule module(load_network("resnet18", 32), 1);
  module->freeze(matching_parameters(*module, patterns));
  return module;
}

at::Tensor some_images() {
  return at::arange(4 * 3 * 32 * 32, at::kFloat).reshape({4, 3, 32, 32}).sin();
}

}  // namespace

TEST_CASE("patterns choose parameters by their names") {
  NetworkModule module(load_network("resnet18", 32), 1);
  using Names = std::vector<std::string>;
  CHECK(matching_parameters(*module, {"stem.*"}) ==
        Names{"stem.conv.weight", "stem.bn.weight", "stem.bn.bias"});
  CHECK(matching_parameters(*module, {"classifier.bias", "stem.conv.*", "stem.*.weight"}) ==
        Names{"stem.conv.weight", "stem.bn.weight", "classifier.bias"});
  const size_t all = module->parameters().size();
  CHECK(matching_parameters(*module, {"*"}).size() == all);
  CHECK(matching_parameters(*module, {"stem.*", "stage[1-4].*"}).size() == all - 2);
  CHECK(matching_parameters(*module, {}).empty());
}

TEST_CASE("a pattern that matches nothing names near ones") {
  NetworkModule module(load_network("resnet18", 32), 1);
  const auto message = [&](const std::string& pattern) {
    return error_of([&] { matching_parameters(*module, {"stem.*", pattern}); });
  };
  CHECK(message("stage1") ==
        "the pattern 'stage1' matches no parameter; did you mean 'stage1.*'?; the parameters are "
        "those of stem.*, stage1.*, stage2.*, stage3.*, stage4.*, classifier.*");
  CHECK(contains(message("stages1.*"), "did you mean 'stage1.*'?"));
  CHECK(contains(message("stage5.*"), "matches no parameter"));
  CHECK(contains(error_of([&] { module->freeze({"stem.conv"}); }),
                 "has no parameter 'stem.conv' to freeze"));
}

TEST_CASE("frozen parameters take no gradient, and their batch norms keep their statistics") {
  NetworkModule module = frozen_resnet({"stem.*", "stage[1-2].*"});
  module->train();
  module->forward(some_images()).sum().backward();
  for (const auto& item : module->named_parameters()) {
    INFO(item.key());
    const bool is_frozen = item.key().starts_with("stem.") || item.key().starts_with("stage1.") ||
                           item.key().starts_with("stage2.");
    CHECK(item.value().requires_grad() != is_frozen);
    CHECK(item.value().grad().defined() != is_frozen);
  }
  const auto statistics = module->named_buffers();
  CHECK(at::equal(statistics["stem.bn.running_mean"], at::zeros({64})));
  CHECK(at::equal(statistics["stage2.block1.conv2.bn.running_var"], at::ones({128})));
  CHECK_FALSE(at::equal(statistics["stage3.block0.conv1.bn.running_mean"], at::zeros({256})));
}

TEST_CASE("a frozen batch norm computes in training what it does in evaluation") {
  const at::NoGradGuard no_grad;
  NetworkModule module = frozen_resnet({"*"});
  module->train();
  const at::Tensor trained = module->forward(some_images());
  module->eval();
  CHECK(at::equal(trained, module->forward(some_images())));
}

TEST_CASE("statistics that are collected anew leave frozen ones alone") {
  const at::NoGradGuard no_grad;
  NetworkModule module = frozen_resnet({"stem.*"});
  module->named_buffers()["stem.bn.running_mean"].fill_(-1);
  module->clear_statistics();
  const auto statistics = module->named_buffers();
  CHECK(at::equal(statistics["stem.bn.running_mean"], at::full({64}, -1.0)));
  CHECK(at::equal(statistics["stem.bn.running_var"], at::ones({64})));
  CHECK(at::equal(statistics["stage1.block0.conv1.bn.running_var"], at::zeros({64})));
  module->eval();
  module->collect_statistics(1.0);
  module->forward(some_images());
  module->collect_statistics(0);
  CHECK(at::equal(statistics["stem.bn.running_mean"], at::full({64}, -1.0)));
  CHECK(statistics["stage1.block0.conv1.bn.running_var"].abs().sum().item<double>() > 0);
}
