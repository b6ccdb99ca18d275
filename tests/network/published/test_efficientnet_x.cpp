#include "network/cost.h"
#include "network/published/known_networks.h"
#include "search_space/architecture.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// One level with the activations of both targets, which change no count.
struct LevelRow {
  int level;
  int resolution;
  int64_t params, madds;
};

void check_rows(const std::string& target, const std::string& preset,
                const std::vector<LevelRow>& rows) {
  for (const LevelRow& row : rows) {
    const KnownNetwork known =
        find_known_network("efficientnet_x_b" + std::to_string(row.level) + "_" + target + preset);
    INFO(known.name);
    CHECK(known.resolution == row.resolution);
    const OperatorCost total = cost(known.build(row.resolution)).total;
    CHECK(total.params == row.params);
    CHECK(total.madds == row.madds);
  }
}

/// Number of MBConv blocks: each has one projection.
int blocks(const Network& network) {
  int count = 0;
  for (const Node& node : network.nodes()) count += node.name.ends_with(".project.conv");
  return count;
}

}  // namespace

TEST_CASE("EfficientNet-X scaled for accuracy alone has the counts of Table 3's definition") {
  const std::vector<LevelRow> rows = {
      LevelRow{0, 224, 7584104, 920421088},    LevelRow{1, 240, 9571024, 1606191824},
      LevelRow{2, 260, 9974470, 2306854656},   LevelRow{3, 300, 13293970, 4333620800},
      LevelRow{4, 380, 21144322, 10521697408}, LevelRow{5, 456, 33433452, 24556434560},
      LevelRow{6, 528, 47653344, 47476678944}, LevelRow{7, 600, 73156704, 91787133376}};
  check_rows("tpu", "", rows);
  check_rows("gpu", "", rows);
}

TEST_CASE("EfficientNet-X with the released coefficients has its counts") {
  check_rows("tpu", "_released",
             {LevelRow{0, 224, 7584104, 920421088}, LevelRow{1, 229, 10419068, 1592590848},
              LevelRow{2, 244, 11493130, 2697179808}, LevelRow{3, 263, 15768856, 4206825696},
              LevelRow{4, 299, 33978936, 10930231968}, LevelRow{5, 332, 59919646, 24382384880},
              LevelRow{6, 328, 137204266, 53825271552}, LevelRow{7, 350, 198638730, 85471623096}});
  check_rows("gpu", "_released",
             {LevelRow{1, 229, 10419068, 1592590848}, LevelRow{2, 237, 10753924, 2530040728},
              LevelRow{3, 255, 16807232, 4262041792}, LevelRow{4, 282, 37106070, 10041668408},
              LevelRow{5, 306, 72087216, 24529500416}, LevelRow{6, 328, 122194334, 46838937184},
              LevelRow{7, 350, 196730150, 84538368384}});
}

TEST_CASE("EfficientNet-X with the dimensions of Table 6 has its counts") {
  check_rows("tpu", "_table6",
             {LevelRow{0, 224, 7584104, 920421088}, LevelRow{1, 229, 10429772, 1592770880},
              LevelRow{2, 243, 12189522, 2745664864}, LevelRow{3, 263, 17732956, 4765361968},
              LevelRow{4, 298, 40420076, 12450988776}, LevelRow{5, 331, 78441196, 29452050240},
              LevelRow{6, 361, 136278970, 63524882992}, LevelRow{7, 391, 225399418, 121980044928}});
  check_rows("gpu", "_table6",
             {LevelRow{1, 229, 10429772, 1592770880}, LevelRow{2, 241, 12189522, 2745402424},
              LevelRow{3, 258, 17732956, 4716761064}, LevelRow{4, 289, 39542954, 11768474680},
              LevelRow{5, 317, 76064794, 26268426432}, LevelRow{6, 343, 117592134, 49473020976},
              LevelRow{7, 368, 198047548, 95366545536}});
}

TEST_CASE("each stage rounds its depth up, so that a network has more blocks than Table 6 prints") {
  CHECK(blocks(load_network("efficientnet_x_b0_tpu")) == 16);
  CHECK(blocks(load_network("efficientnet_x_b1_tpu")) == 23);
  CHECK(blocks(load_network("efficientnet_x_b7_tpu")) == 55);
  CHECK(blocks(load_network("efficientnet_x_b7_tpu_released")) == 58);
  CHECK(blocks(load_network("efficientnet_x_b7_gpu_table6")) == 80);
}

TEST_CASE("the steps of Table 4 have their counts, and the last of them is X-B0 but for swish") {
  const OperatorCost s2d = cost(load_network("efficientnet_b0_s2d")).total;
  CHECK(s2d.params == 7206968);
  CHECK(s2d.madds == 456343264);
  const auto folder = source_folder() / "configs/architectures";
  const Architecture fused = load_architecture(folder / "efficientnet_b0_s2d_fused.yaml");
  Architecture x = load_architecture(folder / "efficientnet_x_b0_tpu.yaml");
  CHECK_FALSE(fused == x);
  x.name = fused.name;
  x.stem.activation = x.head.activation = ActivationKind::kSwish;
  for (Stage& stage : x.stages) stage.activation = ActivationKind::kSwish;
  CHECK(fused == x);
  CHECK(cost(load_network("efficientnet_b0_s2d_fused")).total.madds == 920421088);
}

TEST_CASE("a known network and the architecture file of its name are the same network") {
  for (const std::string name :
       {"efficientnet_b0", "efficientnet_x_b0_tpu", "efficientnet_x_b0_gpu", "efficientnet_b0_s2d",
        "efficientnet_b0_s2d_fused"}) {
    INFO(name);
    const Network known = load_network(name);
    const Network file =
        load_network((source_folder() / "configs/architectures" / (name + ".yaml")).string());
    REQUIRE(known.size() == file.size());
    for (int i = 0; i < known.size(); ++i) {
      CHECK(known.node(i).name == file.node(i).name);
      CHECK(known.node(i).shape == file.node(i).shape);
      CHECK(describe(known.node(i).op) == describe(file.node(i).op));
    }
  }
}
