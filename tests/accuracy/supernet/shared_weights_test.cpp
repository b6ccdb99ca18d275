#include "accuracy/supernet/shared_weights.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "accuracy/supernet/shared_names.h"
#include "core/config_path.h"
#include "runtime/device.h"
#include "runtime/weights.h"
#include "tests/accuracy/supernet/small_space.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Matchers::Contains;

namespace {

at::Tensor images(int64_t channels, int64_t side) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(/*seed=*/7);
  return place(at::randn({4, channels, side, side}, generator), at::kCPU);
}

/// A stage that mixes nothing but pixels of one kernel.
Architecture one_stage(int kernel, int filters, int stride) {
  Architecture a;
  a.resolution = 16;
  a.classes = 3;
  a.stem = {.filters = 4, .kernel = 3, .stride = 1};
  a.stages = {{.op = BlockOperator::kFusedMbConv,
               .kernel = kernel,
               .expansion = 1,
               .se_ratio = 0,
               .filters = filters,
               .layers = 1,
               .stride = stride}};
  a.head = {.filters = 8, .dropout = 0};
  return a;
}

std::vector<Decision> kernels_and_filters() {
  return {{"stage1.kernel", {"3", "5"}}, {"stage1.filters", {"4", "8"}}};
}

/// The ordinary module of `a` with its parameters taken from `shared` by `take`.
template <class Take>
NetworkModule ordinary(const Architecture& a, const SharedWeights& shared, const Take& take) {
  const Network network = lower(a);
  NetworkModule module(network, 99);
  const SharedNames names(a);
  auto own = module->named_parameters();
  const auto all = shared.named_parameters();
  const at::NoGradGuard no_gradients;
  for (const Node& node : network.nodes()) {
    for (const char* parameter : {"weight", "bias"}) {
      const std::string name = node.name + "." + parameter;
      if (own.contains(name)) own[name].copy_(take(name, all[names.of(node, parameter)]));
    }
  }
  place(*module, at::kCPU);
  return module;
}

}  // namespace

TEST_CASE("the largest path of shared weights computes what an ordinary module does") {
  const Architecture largest = one_stage(5, 8, 2);
  const auto shared = SharedWeights::of_space(kernels_and_filters(), one_stage(3, 4, 2), 1);
  const NetworkModule module =
      ordinary(largest, *shared, [](const std::string&, const at::Tensor& t) { return t; });
  const at::Tensor x = images(3, 16);
  CHECK(at::equal(shared->network(largest, 1)->forward(x), NetworkModule(module)->forward(x)));
  CHECK(count_parameters(*shared) == count_parameters(*module));
}

TEST_CASE("a path of smaller kernels and filters uses the middle and the first ones") {
  const Architecture small = one_stage(3, 4, 2);
  const auto shared = SharedWeights::of_space(kernels_and_filters(), small, 1);
  // Filters of the stage are what `project` gives and the head reads.
  const auto take = [](const std::string& name, const at::Tensor& t) {
    if (name == "stage1.block0.fused.conv.weight") return t.narrow(2, 1, 3).narrow(3, 1, 3);
    if (name.starts_with("stage1.block0.project")) return t.narrow(0, 0, 4);
    if (name == "head.conv.weight") return t.narrow(1, 0, 4);
    return t;
  };
  NetworkModule expected = ordinary(small, *shared, take);
  NetworkModule path = shared->network(small, 1);
  const at::Tensor x = images(3, 16);
  const at::Tensor wanted = expected->forward(x), found = path->forward(x);
  CHECK(at::equal(found, wanted));
  wanted.square().sum().backward();
  found.square().sum().backward();

  const Network network = lower(small);
  const SharedNames names(small);
  auto own = expected->named_parameters();
  const auto all = shared->named_parameters();
  int compared = 0;
  for (const Node& node : network.nodes()) {
    for (const char* parameter : {"weight", "bias"}) {
      const std::string name = node.name + "." + parameter;
      if (!own.contains(name)) continue;
      const at::Tensor gradient = all[names.of(node, parameter)].grad();
      CHECK(at::allclose(take(name, gradient), own[name].grad(), 1e-5, 1e-6));
      // Nothing flows to what the path does not use.
      CHECK(gradient.abs().sum().item<double>() ==
            Approx(own[name].grad().abs().sum().item<double>()).epsilon(1e-4));
      ++compared;
    }
  }
  CHECK(compared == static_cast<int>(own.size()));
}

TEST_CASE("the cells of a smaller kernel see the pixels that they see in a larger one") {
  const int stride = GENERATE(1, 2);
  // Space-to-depth halves the kernels: 2 and 3 cells.
  const bool depth = GENERATE(false, true);
  const auto architecture = [&](int kernel) {
    Architecture a = one_stage(kernel, 4, stride);
    if (depth) a.stages[0].reshape = Reshape::kSpaceToDepth;
    if (depth) a.stages[0].reshape_block = 4;  // strides 1 and 2 keep the depth
    return a;
  };
  const auto shared = SharedWeights::of_space({{"stage1.kernel", {"3", "9"}}}, architecture(3), 1);
  NetworkModule small = shared->network(architecture(3), 1);
  // A mask of the cells that the small kernel uses: those with a gradient.
  const at::Tensor x = images(3, 16);
  small->forward(x).square().sum().backward();
  const at::NoGradGuard no_gradients;
  for (auto& parameter : shared->parameters()) {
    if (parameter.dim() != 4) continue;
    parameter.mul_(parameter.grad().ne(0).any(1, true).any(0, true));
  }
  CHECK(
      at::allclose(shared->network(architecture(9), 1)->forward(x), small->forward(x), 1e-4, 1e-5));
}

TEST_CASE("every network of a space finds its weights") {
  // All that divides weights: operators, reshapes, strides, stages and a head that may be absent.
  const SearchSpace wide = SearchSpace::from_yaml(YamlView::parse(R"(
name: wide
resolution: 32
classes: 3
stem: {filters: [4, 8]}
stages:
  - {operator: [mbconv, fused_mbconv], kernel: [3, 5, 7], filters: [8, 4], expansion: [1, 3],
     stride: [1, 2], layers: [0, 1, 2], reshape: [none, space_to_depth, space_to_batch]}
  - {operator: [mbconv, fused_mbconv], kernel: [3, 5], filters: [16, 8], expansion: [2, 1],
     stride: 2, layers: [0, 2], reshape: [space_to_depth, none], reshape_block: [2, 4]}
  - {operator: mbconv, kernel: 3, filters: [8, 24], expansion: 1, layers: [0, 1, 3],
     se_ratio: [0, 0.25, 0.5], reshape: [space_to_batch, none]}
head: {filters: [0, 16, 32]}
)",
                                                                  "wide"));
  const SearchSpace spaces[] = {SearchSpace::load(find_config("spaces", "tiny", source_folder())),
                                small_space(), wide};
  for (const SearchSpace& space : spaces) {
    const auto shared = shared_weights(space, 3);
    RandomStream stream(4, 0, "networks");
    for (int i = 0; i < 300; ++i)
      CHECK_NOTHROW(shared->network(space.decode(random_genotype(space.decisions(), stream)), 1));
  }
}

TEST_CASE("shared weights are the same for the same seed, and read back from their file") {
  const SearchSpace space = small_space();
  const auto shared = shared_weights(space, 5), same = shared_weights(space, 5),
             other = shared_weights(space, 6);
  TempFolder folder;
  save_weights(*shared, folder / "shared.pt");
  const auto loaded = SharedWeights::load(folder / "shared.pt");
  RandomStream stream(4, 0, "networks");
  const Architecture a = space.decode(random_genotype(space.decisions(), stream));
  const at::Tensor x = images(3, 16);
  const at::Tensor wanted = shared->network(a, 1)->forward(x);
  CHECK(at::equal(same->network(a, 1)->forward(x), wanted));
  CHECK(at::equal(loaded->network(a, 1)->forward(x), wanted));
  CHECK_FALSE(at::equal(other->network(a, 1)->forward(x), wanted));
}

TEST_CASE("a network that is not of the space is refused with what is missing") {
  const auto shared = SharedWeights::of_space(kernels_and_filters(), one_stage(3, 4, 2), 1);
  CHECK_THAT(error_of([&] { shared->network(one_stage(3, 16, 2), 1); }),
             Contains("stage1/block0/project/conv/weight") && Contains("is not of the space"));
  Architecture classes = one_stage(3, 4, 2);
  classes.classes = 2;
  CHECK_THAT(error_of([&] { shared->network(classes, 1); }), Contains("classifier"));
  Architecture unknown = one_stage(3, 4, 2);
  unknown.stages[0].op = BlockOperator::kMbConv;
  CHECK_THAT(error_of([&] { shared->network(unknown, 1); }), Contains("there is no weight"));
}
