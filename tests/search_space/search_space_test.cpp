#include "search_space/search_space.h"

#include <algorithm>
#include <map>

#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::error_of;
using test::source_folder;

namespace {

SearchSpace parse(const std::string& stages, const std::string& rest = "") {
  return SearchSpace::from_yaml(YamlView::parse(
      "name: s\nresolution: 32\nstem: {filters: 16}\n" + rest + "stages:\n" + stages, "s.yaml"));
}

const Decision& decision(const SearchSpace& space, const std::string& name) {
  const auto found = std::find_if(space.decisions().begin(), space.decisions().end(),
                                  [&](const Decision& d) { return d.name == name; });
  REQUIRE(found != space.decisions().end());
  return *found;
}

}  // namespace

TEST_CASE("a list is a decision, a scalar is decided") {
  const auto space = parse("  - {kernel: [3, 5], filters: 24, expansion: [1, 4, 6], stride: 2}\n");
  REQUIRE(space.decisions().size() == 2);
  CHECK(space.decisions()[0].name == "stage1.kernel");
  CHECK(space.decisions()[0].labels == std::vector<std::string>{"3", "5"});
  CHECK(space.decisions()[1].name == "stage1.expansion");
  CHECK(space.size() == 6);
  const Architecture a = space.decode({1, 2});
  CHECK(a.stages[0].kernel == 5);
  CHECK(a.stages[0].expansion == 6);
  CHECK(a.stages[0].filters == 24);
}

TEST_CASE("stem, head and resolution can be searched too") {
  const auto space = SearchSpace::from_yaml(
      YamlView::parse("resolution: [32, 40]\nstem: {filters: [8, 16], activation: [relu, swish]}\n"
                      "stages: [{kernel: 3, filters: 24, stride: 2}]\nhead: {filters: [0, 64], "
                      "activation: [relu, swish]}\n",
                      "s.yaml"));
  CHECK(space.name() == "s");
  CHECK(space.size() ==
        2 * 2 * 2 * (1 + 2));  // without a head convolution its activation means nothing
  CHECK(space.decode({1, 0, 1, 1, 0}).resolution == 40);
}

TEST_CASE("a stage that may be left out makes its decisions conditional") {
  const auto space = parse(
      "  - {kernel: [3, 5], filters: 24, layers: [0, 1, 2], stride: 2, skip: [true, false]}\n");
  // layers 0: nothing. 1: kernel (the only layer changes the shape: no skip). 2: kernel and skip.
  CHECK(space.size() == 1 + 2 + 4);
  CHECK(space.decode({0, kInactive, kInactive}).stages[0].layers == 0);
  CHECK(error_of([&] {
          space.decode({0, 1, kInactive});
        }).find("stage1.kernel = 1") != std::string::npos);
}

TEST_CASE("the skip of a single layer means something only where the layer keeps its width") {
  const auto space = parse(
      "  - {kernel: 3, filters: [16, 24]}\n  - {kernel: 3, filters: [16, 24], skip: [true, "
      "false]}\n");
  // Equal widths (2 of 4) have a skip to decide.
  CHECK(space.size() == 2 * 1 + 2 * 2);
  CHECK(is_active(decision(space, "stage2.skip"), {1, 1}));
  CHECK_FALSE(is_active(decision(space, "stage2.skip"), {0, 1}));
}

TEST_CASE("space-to-depth before a stage widens what enters it, so its skip cannot exist") {
  const auto space = parse(
      "  - {kernel: 3, filters: 24, reshape: [none, space_to_depth]}\n"
      "  - {kernel: 3, filters: 24, skip: [true, false]}\n");
  CHECK(space.size() == 2 + 1);
}

TEST_CASE("a decision that no choice makes matter is no decision") {
  const auto space = parse("  - {kernel: [3, 5], filters: 24, stride: 2, skip: [true, false]}\n");
  REQUIRE(space.decisions().size() == 1);
  CHECK(space.decode({0}).stages[0].skip);
}

TEST_CASE("reshape_block can be searched and means something only where there is a reshape") {
  const auto space = parse(
      "  - {kernel: 3, filters: 24, reshape: [none, space_to_batch], reshape_block: [2, 4]}\n");
  CHECK(space.size() == 1 + 2);
}

TEST_CASE("encode and decode are inverse on random points of every shipped space") {
  for (const char* name : {"efficientnet", "efficientnet_x", "tiny"}) {
    const auto space =
        SearchSpace::load(source_folder() / "configs/spaces" / (std::string(name) + ".yaml"));
    RandomStream stream(11, 0, name);
    for (int i = 0; i < 200; ++i) {
      const Genotype genotype = random_genotype(space.decisions(), stream);
      REQUIRE(space.encode(space.decode(genotype)) == genotype);
    }
  }
}

TEST_CASE("different genotypes of a space lower to different networks") {
  const auto space = parse(
      "  - {kernel: 3, filters: [16, 24], layers: [0, 1, 2], skip: [true, false], reshape: [none, "
      "space_to_depth]}\n"
      "  - {kernel: 3, filters: [16, 24], layers: [1, 2], stride: 2, skip: [true, false]}\n");
  RandomStream stream(3, 0, "networks");
  std::map<std::string, std::string> genotype_of;
  for (int i = 0; i < 2000; ++i) {
    const Genotype genotype = random_genotype(space.decisions(), stream);
    std::string text;
    const Network network = lower(space.decode(genotype));
    for (const auto& node : network.nodes()) {
      text += node.name + to_string(node.shape) + describe(node.op) + ";";
    }
    const auto [entry, fresh] = genotype_of.emplace(text, to_text(genotype));
    CHECK(entry->second == to_text(genotype));
  }
  CHECK(static_cast<long double>(genotype_of.size()) == space.size());
}

TEST_CASE("the paper's space holds EfficientNet-X-B0 and EfficientNet-B0's shape") {
  const auto space = SearchSpace::load(source_folder() / "configs/spaces/efficientnet_x.yaml");
  const auto base = SearchSpace::load(source_folder() / "configs/spaces/efficientnet.yaml");
  for (const char* name : {"efficientnet_x_b0_tpu", "efficientnet_x_b0_gpu", "efficientnet_b0"}) {
    const auto a = load_architecture(source_folder() / "configs/architectures" /
                                     (std::string(name) + ".yaml"));
    Architecture again = space.decode(space.encode(a));
    again.name = a.name;
    CHECK(again == a);
  }
  const auto b0 = load_architecture(source_folder() / "configs/architectures/efficientnet_b0.yaml");
  Architecture again = base.decode(base.encode(b0));
  again.name = b0.name;
  CHECK(again == b0);
  CHECK(error_of([&] {
          base.encode(load_architecture(source_folder() /
                                        "configs/architectures/efficientnet_x_b0_tpu.yaml"));
        }).find("is not offered by the space efficientnet") != std::string::npos);
}

TEST_CASE("a space that is wrong says where and what would be valid") {
  CHECK(error_of([] { parse("  - {kernel: [], filters: 24}\n"); }) ==
        "s.yaml:5:14: stages[0].kernel: the list is empty; give at least one value");
  CHECK(error_of([] { parse("  - {kernel: [3, 3], filters: 24}\n"); }) ==
        "s.yaml:5:18: stages[0].kernel[1]: given twice in the list");
  CHECK(error_of([] { parse("  - {kernel: 3, filters: 24}\n", "drop_connect: [0.1, 0.2]\n"); }) ==
        "s.yaml:4:15: drop_connect: cannot be searched; give one value");
  CHECK(error_of([] { SearchSpace::from_yaml(YamlView::parse("name: s\n", "s.yaml")); }) ==
        "s.yaml:1:1: the key 'stages' is missing");
  CHECK(error_of([] {
          parse("  - {kernel: 3, filters: 24, stride: 2}\n", "resolutoin: 5\n");
        }).find("s.yaml:4:1: resolutoin: unknown key; did you mean 'resolution'?") == 0);
}
