#include "network/cost.h"
#include "network/published/known_networks.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

TEST_CASE("Inception-v3, Inception-v4 and NASNet-A large have the counted parameters and MAdds") {
  struct Row {
    const char* name;
    int resolution;
    int64_t params, madds, buffers;
  };
  // Counted by an independent implementation, equal to timm's models; `buffers` are batch norm's
  // moving statistics.
  const Row row = GENERATE(Row{"inception_v3", 299, 23834568, 5713216096, 23869000 - 23834568},
                           Row{"inception_v4", 299, 42679816, 12253974624, 42742984 - 42679816},
                           Row{"nasnetalarge", 331, 88753150, 23783414658, 88949818 - 88753150});
  INFO(row.name);
  CHECK(find_known_network(row.name).resolution == row.resolution);
  const OperatorCost total = cost(load_network(row.name)).total;
  CHECK(total.params == row.params);
  CHECK(total.madds == row.madds);
  CHECK(total.buffer_elements == row.buffers);
}

TEST_CASE("NASNet's cells read the two maps before them, after a reduction the one it read") {
  const Network network = load_network("nasnetalarge");
  const auto input_of = [&](const std::string& name) {
    for (const Node& node : network.nodes()) {
      if (node.name == name) return network.node(node.inputs[0]).name;
    }
    return std::string("no node " + name);
  };
  CHECK(input_of("stem.cell1.previous.relu") == "stem.conv.bn");
  CHECK(input_of("group1.cell0.current.relu") == "stem.cell1.concat");
  CHECK(input_of("group1.cell0.previous.relu") == "stem.cell0.concat");
  CHECK(input_of("group1.cell3.current.relu") == "group1.cell2.concat");
  CHECK(input_of("group1.cell3.previous.relu") == "group1.cell1.concat");
  CHECK(input_of("reduction1.current.relu") == "group1.cell5.concat");
  CHECK(input_of("reduction1.previous.relu") == "group1.cell4.concat");
  CHECK(input_of("group2.cell0.current.relu") == "reduction1.concat");
  CHECK(input_of("group2.cell0.previous.relu") == "group1.cell4.concat");
  CHECK(input_of("group2.cell1.previous.relu") == "reduction1.concat");
}

TEST_CASE("an input too small for the strides is refused with the smallest that is not") {
  struct Row {
    const char* name;
    int smallest;
  };
  const Row row =
      GENERATE(Row{"inception_v3", 75}, Row{"inception_v4", 75}, Row{"nasnetalarge", 32});
  CHECK(load_network(row.name, row.smallest).output_shape() == Shape{1000, 1, 1, 1});
  CHECK(error_of([&] { load_network(row.name, row.smallest - 1); }) ==
        "network " + std::string(row.name) + ": the resolution " +
            std::to_string(row.smallest - 1) + " is too small for its strides; valid: at least " +
            std::to_string(row.smallest));
}
