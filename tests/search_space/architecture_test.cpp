#include "search_space/architecture.h"

#include "core/file.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::error_of;

namespace {

const char* kSmall = R"(name: small
resolution: 32
classes: 10
stem: {filters: 8, stride: 1}
block_defaults: {expansion: 4, se_ratio: 0.5, activation: relu}
stages:
  - {kernel: 3, filters: 8}
  - {kernel: 5, filters: 16, layers: 2, stride: 2, operator: fused_mbconv, activation: swish}
head: {filters: 32}
)";

std::string error_for(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
  return error_of([&] { architecture_from_yaml(YamlView::parse(text, "small.yaml")); });
}

}  // namespace

TEST_CASE("block defaults fill what a stage does not say") {
  const Architecture a = architecture_from_yaml(YamlView::parse(kSmall, "small.yaml"));
  CHECK(a.stages[0].expansion == 4);
  CHECK(a.stages[0].activation == ActivationKind::kRelu);
  CHECK(a.stages[1].activation == ActivationKind::kSwish);
  CHECK(a.stages[1].op == BlockOperator::kFusedMbConv);
  CHECK(a.head.activation == Head{}.activation);
  CHECK(a.classes == 10);
}

TEST_CASE("an architecture written as YAML loads back as an equal value") {
  test::TempFolder folder;
  for (const char* name : {"efficientnet_b0", "efficientnet_x_b0_tpu", "efficientnet_x_b0_gpu"}) {
    Architecture a = load_architecture(test::source_folder() / "configs/architectures" /
                                       (std::string(name) + ".yaml"));
    a.name = "an: odd \"name\"";
    a.drop_connect = 0.1 + 0.2;  // not representable in few digits
    a.stages[1].reshape = Reshape::kSpaceToBatch;
    write_file_atomic(folder / "a.yaml", to_yaml(a));
    CHECK(load_architecture(folder / "a.yaml") == a);
  }
}

TEST_CASE("the text of an architecture, which identifies it in stores, is this to the byte") {
  Architecture a;
  a.name = "a\t\"b\"";
  a.stages = {Stage{}};
  a.stages[0].op = BlockOperator::kFusedMbConv;
  a.stages[0].se_ratio = 0.125;
  a.stages[0].skip = false;
  CHECK(to_yaml(a) ==
        "name: \"a\\t\\\"b\\\"\"\n"
        "resolution: 224\ninput_channels: 3\nclasses: 1000\n"
        "stem: {filters: 32, kernel: 3, stride: 2, activation: swish}\n"
        "stages:\n"
        "  - {operator: fused_mbconv, kernel: 3, expansion: 6, se_ratio: 0.125, filters: 16, "
        "layers: 1, stride: 1, skip: false, activation: swish, reshape: none, reshape_block: 2}\n"
        "head: {filters: 1280, activation: swish, dropout: 0.2}\n"
        "drop_connect: 0.2\nbatch_norm: {epsilon: 0.001, momentum: 0.01}\n");
  a.stages.clear();
  CHECK(to_yaml(a).find("\nstages:\n  []\nhead: ") != std::string::npos);
  a.decisions = {{"edge: 1", "conv"}, {"rate", "0.5"}};
  CHECK(to_yaml(a) ==
        "name: \"a\\t\\\"b\\\"\"\ndecisions:\n  \"edge: 1\": \"conv\"\n  \"rate\": \"0.5\"\n");
}

TEST_CASE(
    "a mistake in an architecture is reported with file, line, column and what would be valid") {
  CHECK(error_for(kSmall, "kernel: 5", "kernal: 5") ==
        "small.yaml:8:6: stages[1].kernal: unknown key; did you mean 'kernel'? valid: layers, "
        "operator, "
        "reshape, reshape_block, kernel, expansion, se_ratio, filters, stride, activation, skip");
  CHECK(error_for(kSmall, "fused_mbconv", "fused_mbcon") ==
        "small.yaml:8:62: stages[1].operator: 'fused_mbcon' is not one of: mbconv, fused_mbconv; "
        "did you mean "
        "'fused_mbconv'?");
  CHECK(error_for(kSmall, "kernel: 3", "kernel: three") ==
        "small.yaml:7:14: stages[0].kernel: must be a whole number, not 'three'");
  CHECK(error_for(kSmall, "kernel: 3", "kernel: 99") ==
        "small.yaml:7:14: stages[0].kernel: out of range: 99; valid: from 1 to 31");
  CHECK(error_for(kSmall, "kernel: 3, ", "") ==
        "small.yaml:7:5: stages[0]: the key 'kernel' is missing");
  CHECK(error_for(kSmall, "resolution: 32", "resolution: 0.5") ==
        "small.yaml:2:13: resolution: must be a whole number, not '0.5'");
  CHECK(error_for(kSmall, "filters: 16", "filters: [16, 24]")
            .find("is a search space of 1 decisions (the first: stage2.filters)") !=
        std::string::npos);
}
