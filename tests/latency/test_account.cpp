#include "latency/account.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "latency/roofline.h"
#include "latency/whole_network.h"
#include "search_space/architecture.h"
#include "tests/catch.h"
#include "tests/latency/devices.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

Network x_b0() {
  return lower(
      load_architecture(source_folder() / "configs/architectures/efficientnet_x_b0_tpu.yaml"));
}

Network tiny() {
  NetworkBuilder builder("tiny", {8, 10, 10});
  int x = builder.conv_bn_act("stage1.conv", builder.input(), {.out_channels = 8}, BatchNorm{},
                              ActivationKind::kRelu);
  x = builder.add("stage1.drop", DropConnect{0.1}, {x});
  x = builder.add("head.pool", GlobalAveragePool{}, {x});
  builder.add("head.fc", Linear{.out_features = 2}, {x});
  return std::move(builder).build();
}

}  // namespace

TEST_CASE("the profile as JSON sums to the total, by operator and by stage") {
  const Network network = x_b0();
  const Latency latency = RooflineOracle(load_hardware("tpu_v3"), 128).estimate(network);
  const auto json = nlohmann::json::parse(account_json(network, latency));
  CHECK(json["network"] == network.name());
  CHECK(json["latency"]["ms"] == latency.ms);
  CHECK(json["latency"]["device"] == "tpu_v3");
  CHECK(json["latency"]["precision"] == "bf16");
  CHECK(json["operators"].size() == network.nodes().size());
  for (const char* part : {"operators", "stages"}) {
    double ms = 0, share = 0, flops = 0, bytes = 0;
    for (const auto& row : json[part]) {
      if (!row.contains("ms")) continue;
      ms += row["ms"].get<double>();
      share += row["share"].get<double>();
      flops += row["flops"].get<double>();
      bytes += row["bytes"].get<double>();
    }
    CAPTURE(part);
    CHECK(ms == Approx(latency.ms));
    CHECK(share == Approx(1));
    CHECK(flops == Approx(latency.flops));
    CHECK(bytes == Approx(latency.bytes));
  }
  // stem, stages 1 to 7, head, classifier
  CHECK(json["stages"].size() == 10);
  CHECK(latency.flops == 2.0 * 920421088 * 128);
}

TEST_CASE("the profile as CSV sums to the total and has one line per node") {
  const Network network = x_b0();
  const Latency latency = RooflineOracle(load_hardware("v100"), 128).estimate(network);
  std::istringstream csv(account_csv(network, latency));
  std::string line;
  std::getline(csv, line);
  CHECK(line == "node,name,operator,fused_into,flops,bytes,intensity,efficiency,bound,ms,share");
  int lines = 0;
  double ms = 0;
  for (; std::getline(csv, line); ++lines) {
    std::vector<std::string> cells;
    std::istringstream row(line);
    for (std::string cell; std::getline(row, cell, ',');) cells.push_back(cell);
    REQUIRE(cells.size() == 11);
    CHECK(cells[1] == network.node(lines).name);
    ms += std::stod(cells[9]);
  }
  CHECK(lines == network.size());
  CHECK(ms == Approx(latency.ms));
}

TEST_CASE("the profile as a table names kernels, what runs in them, bounds and stages") {
  const Network network = tiny();
  const std::string text =
      account_table(network, RooflineOracle(plain_device(), 1).estimate(network));
  CHECK_THAT(text, Catch::StartsWith("tiny (8x10x10), batch 1, fp32, on plain (roofline): "));
  CHECK_THAT(text, Catch::Contains("stage1.conv.conv  conv 1x1 + batch norm + relu\n"));
  CHECK_THAT(text, Catch::Contains("memory"));
  // W 12,800 + 32; Q 6,656 + (800 + 8) * 4 + (8 + 2 + 18) * 4 bytes; 0.6656 + 0.3232 + 0.0112 us in
  // all.
  CHECK_THAT(text, Catch::Contains("W 12.8kFLOP, Q 9.77 KiB, I 1.3 FLOP/byte, E 100.0%"));
  CHECK_THAT(text, Catch::Contains("66.6%"));
  CHECK_THAT(text, Catch::Contains("stage1\n"));
  CHECK_THAT(text, Catch::Contains("head\n"));
}

TEST_CASE("without operators the profile is the summary alone") {
  const Network network = tiny();
  Latency latency = WholeNetworkOracle(plain_device(), 1).estimate(network);
  latency.repeats = 20;
  latency.spread_ms = 0.5;
  const std::string text = account_table(network, latency);
  CHECK_THAT(text, Catch::Contains("+- 0.500 ms over 20 runs\nW "));
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
  CHECK(nlohmann::json::parse(account_json(network, latency))["operators"].empty());
}
