#include "core/file.h"
#include "latency/measurement/sampling.h"
#include "latency/measurement/table_builder.h"
#include "latency/measurement/table_oracle.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

SearchSpace small_space() {
  return SearchSpace::from_yaml(YamlView::parse(R"(
name: small
resolution: 16
classes: 10
stem: {filters: [8, 16]}
stages: [{kernel: [3, 5], filters: [8, 16], layers: 1, expansion: [1, 2], stride: 2}]
head: {filters: 16}
)",
                                                "small.yaml"));
}

TableBuild small_build() {
  const TimingRules rules{.warmup = 0, .min_runs = 6, .max_runs = 6, .attempts = 1};
  return {{3, 1, {}}, {5, 2, {}}, rules, {.rounds = 2, .per_round = rules}};
}

LatencyConfig table_config(const std::string& path) {
  LatencyConfig config;
  config.kind = LatencyKind::kTable;
  config.table = path;
  return config;
}

/// A table that was built once for all cases.
struct Built {
  TempFolder folder;
  const std::string path = folder / "t.json";
  int measured = 0;
  const OperatorTable table =
      build_table(small_space(), {}, small_build(), path,
                  [this](int done, int, const std::string&) { measured += done > 0; });
};

const Built& built_once() {
  static const Built built;
  return built;
}

Network one_network() { return lower(sample_architectures(small_space(), {1, 1, {}})[0]); }

}  // namespace

TEST_CASE("the whole-network term is found exactly where there is one") {
  std::vector<NetworkSample> networks;
  for (const double sum : {10.0, 20.0, 40.0, 80.0, 70.0}) {
    networks.push_back({"net", sum, 1.1 * sum + 3});
  }
  const WholeNetworkTerm term = fit_whole_network_term(networks);
  CHECK(term.scale == Approx(1.1));
  CHECK(term.offset_ms == Approx(3));
  CHECK(term.networks == 5);
  CHECK(term.mape == Approx(0).margin(1e-9));
  CHECK(term.held_out_mape == Approx(0).margin(1e-9));
  CHECK(term.apply(100) == Approx(113));
}

TEST_CASE("few networks fit the scale alone, and none leave the sum as it is") {
  CHECK(fit_whole_network_term({}).apply(7) == 7);
  // One of 10 % and one of 30 % over the sum: relative least squares gives (1/1.1 + 1/1.3) /
  // (1/1.21 + 1/1.69).
  const WholeNetworkTerm term = fit_whole_network_term({{"a", 10, 11}, {"b", 100, 130}});
  CHECK(term.scale == Approx((1 / 1.1 + 1 / 1.3) / (1 / 1.21 + 1 / 1.69)));
  CHECK(term.offset_ms == 0);
  // Left out, each is priced by the other's ratio: 13/11 - 1 and 1 - 11/13.
  CHECK(term.held_out_mape == Approx((13.0 / 11 - 1 + 1 - 11.0 / 13) / 2));
  // Networks of one size cannot tell a scale from an offset.
  CHECK(fit_whole_network_term(std::vector<NetworkSample>(6, {"a", 10, 12})).offset_ms == 0);
}

TEST_CASE("a table reads back as it was written") {
  TempFolder folder;
  OperatorTable table = OperatorTable::here({.batch = 4, .precision = Precision::kBf16});
  table.operators["4x8x8: \"relu\""] = {0.1, 0.09, 0.12, 17, true, 11};
  table.operators["b"] = {2, 1.5, 2.5, 6, false, 12};
  table.reference_ms = 10;
  table.networks = {{"net", 3, 4}};
  table.term = fit_whole_network_term(table.networks);
  table.save(folder / "t.json");
  const OperatorTable back = OperatorTable::load(folder / "t.json");
  CHECK(back.place == table.place);
  CHECK(back.device == table.device);
  CHECK(back.libraries == table.libraries);
  REQUIRE(back.operators.size() == 2);
  const OperatorEntry& entry = back.operators.at("4x8x8: \"relu\"");
  CHECK(entry.ms == 0.1);
  CHECK(entry.low_ms == 0.09);
  CHECK(entry.high_ms == 0.12);
  CHECK(entry.runs == 17);
  CHECK(entry.noisy);
  CHECK(entry.reference_ms == 11);
  CHECK(back.reference_ms == 10);
  CHECK(back.networks.at(0).ms == 4);
  CHECK(back.term.scale == Approx(4.0 / 3));
  CHECK(back.measured_here());
}

TEST_CASE("a file that is no table is refused with its name") {
  TempFolder folder;
  CHECK_THAT(error_of([&] { OperatorTable::load(folder / "no.json"); }),
             Catch::Contains("is not there") && Catch::Contains("build-table"));
  for (const char* text : {"", "{}", "[1]", "{\"format\": 1}", "{\"format\": 9}", "lat: 3"}) {
    write_file_atomic(folder / "t.json", text);
    CHECK_THAT(error_of([&] { OperatorTable::load(folder / "t.json"); }),
               Catch::Contains("t.json"));
  }
}

TEST_CASE("a table states what it measured at one speed of the machine") {
  OperatorTable table;
  for (int i = 0; i < 4; ++i)
    table.operators[std::to_string(i)] = {1, 0.9, 1.2, 6, false, 10.0 + 10 * i};
  table.operators["noisy"] = {1, 1, 1, 6, true, 1};  // its speed does not count
  table.reference_ms = 5;
  table.networks = {{"net", 2, 3}};
  table.settle_speed();
  CHECK(table.reference_ms == 10);  // the lower quartile of 10, 20, 30, 40
  CHECK(table.at_speed(table.operators.at("3")).ms == Approx(0.25));
  CHECK(table.at_speed(table.operators.at("3")).low_ms == Approx(0.225));
  CHECK(table.at_speed(table.operators.at("3")).high_ms == Approx(0.3));
  CHECK(table.networks[0].sum_ms == Approx(4));
  CHECK(table.networks[0].ms == Approx(6));
  CHECK(table.term.scale == Approx(1.5));
}

TEST_CASE("a table of a space prices its networks from sums, without measuring again") {
  const SearchSpace space = small_space();
  const std::string path = built_once().path;
  const OperatorTable& built = built_once().table;
  CHECK(built.term.networks == 5);
  // Two rounds.
  CHECK(built_once().measured == static_cast<int>(built.operators.size()) + 5 * 2);
  CHECK(coverage(built, space, {3, 1, {}}) == 1);

  const TableOracle oracle(table_config(path));
  const Network network = one_network();
  double sum = 0;
  for (const Unit& unit : units_of(network))
    sum += built.at_speed(built.operators.at(unit.signature)).ms;
  const Latency latency = oracle.estimate(network);
  CHECK(latency.ms == Approx(built.term.apply(sum)));
  CHECK(latency.method == "table");
  CHECK(latency.device == built.device);
  CHECK(latency.low_ms <= latency.ms);
  CHECK(latency.high_ms >= latency.ms);
  CHECK(oracle.measured_on_demand() == 0);

  // A build that goes on finds everything done.
  int measured = 0;
  const auto observer = [&](int done, int, const std::string&) { measured += done > 0; };
  const OperatorTable again = build_table(space, {}, small_build(), path, observer);
  CHECK(measured == 0);
  CHECK(again.networks[0].ms == built.networks[0].ms);
  CHECK_THAT(error_of([&] { build_table(space, {.batch = 2}, small_build(), path, observer); }),
             Catch::Contains("batch 1") && Catch::Contains("batch 2"));
}

TEST_CASE("a build that was killed goes on with what it lacks") {
  TempFolder folder;
  const SearchSpace space = small_space();
  const std::string path = folder / "t.json";
  for (const char* file : {"t.json", "t_rounds.csv"})
    std::filesystem::copy_file(built_once().folder / file, folder / file);
  OperatorTable part = OperatorTable::load(path);
  const auto [lost, entry] = *part.operators.begin();
  part.operators.erase(lost);
  part.networks.pop_back();
  part.save(path);
  std::vector<std::string> measured;
  const OperatorTable whole =
      build_table(space, {}, small_build(), path, [&](int done, int, const std::string& what) {
        if (done > 0) measured.push_back(what);
      });
  CHECK(measured.at(0) == lost);
  CHECK(measured.size() == 1);  // the rounds of the lost network are still there
  CHECK(whole.operators.contains(lost));
  CHECK(whole.networks.size() == 5);
}

TEST_CASE("an unseen operator is measured once where the device is here, and kept") {
  TempFolder folder;
  const std::string path = folder / "t.json";
  OperatorTable::here({}).save(path);
  const Network network = one_network();
  const TableOracle oracle(table_config(path));
  const double ms = oracle.estimate(network).ms;
  CHECK(ms > 0);
  const int measured = oracle.measured_on_demand();
  CHECK(measured == static_cast<int>(OperatorTable::load(path).operators.size()));
  CHECK(measured > 0);
  CHECK(oracle.estimate(network).ms == ms);
  CHECK(oracle.measured_on_demand() == measured);
  CHECK(TableOracle(table_config(path)).estimate(network).ms == Approx(ms));
}

TEST_CASE("elsewhere an unseen operator is an error that names it") {
  TempFolder folder;
  OperatorTable table = OperatorTable::here({});
  table.device = "Pixel 9";
  table.save(folder / "t.json");
  const TableOracle oracle(table_config(folder / "t.json"));
  CHECK_THAT(oracle.description(),
             Catch::Contains("Pixel 9") && Catch::EndsWith("not measured on this machine"));
  const std::string message = error_of([&] { oracle.estimate(one_network()); });
  CHECK_THAT(message, Catch::Contains("lacks '3x16x16 images: conv 3x3/2") &&
                          Catch::Contains("stem.conv of small-s1-0000") &&
                          Catch::Contains("Pixel 9"));
}

TEST_CASE("a table of another batch or precision than asked is refused") {
  TempFolder folder;
  OperatorTable::here({.batch = 8}).save(folder / "t.json");
  LatencyConfig config = table_config(folder / "t.json");
  CHECK_THAT(error_of([&] { TableOracle{config}; }), Catch::StartsWith("latency.batch: 1"));
  config.batch = 8;
  config.precision = Precision::kBf16;
  CHECK_THAT(error_of([&] { TableOracle{config}; }), Catch::Contains("valid: fp32"));
  config.table = "";
  CHECK_THAT(error_of([&] { TableOracle{config}; }), Catch::Contains("latency.table"));
}
