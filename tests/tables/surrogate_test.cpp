#include "tables/surrogate.h"

#include <cmath>

#include "core/file.h"
#include "tables/space_points.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::error_of;

namespace {

SearchSpace space_of() {
  return SearchSpace::from_yaml(YamlView::parse(
      "name: s\ndecisions: {a: [x, y, z], b: [p, q], c: [0, 1, 2, 3], d: [u, v, w]}", "s.yaml"));
}

/// 0.2 + effects of single choices, and of one pair.
double truth(const Genotype& g) {
  return 0.2 + 0.1 * g[0] + 0.03 * g[2] * g[2] + (g[1] == 1 && g[3] == 2 ? 0.15 : 0.0);
}

/// All points of the space; every seventh held out.
std::string table_text(const std::function<double(const Genotype&)>& value) {
  const SearchSpace space = space_of();
  std::string text = "a,b,c,d,role,v\n";
  int row = 0;
  for_each_point(space.decisions(), [&](const Genotype& genotype) {
    for (const auto& choice : space.decode(genotype).decisions) text += choice.choice + ",";
    text +=
        (row++ % 7 == 6 ? "val," : "train,") + ConfigWriter::plain_number(value(genotype)) + "\n";
  });
  return text;
}

Surrogate fitted(const std::string& text, const std::string& settings) {
  const test::TempFolder folder;
  write_file_atomic(folder / "t.csv", text);
  auto config = read_config<TableConfig>(
      YamlView::parse("{value: v, keys: [a, b, c, d], " + settings + "}", "c.yaml"));
  config.path = (folder / "t.csv").string();
  return Surrogate(config, "accuracy.table");
}

}  // namespace

TEST_CASE("a surrogate finds single effects and effects of pairs") {
  const Surrogate surrogate = fitted(table_text(truth), "split: role");
  CHECK(surrogate.quality().fitted == 62);
  CHECK(surrogate.quality().held_out == 10);
  CHECK(surrogate.quality().r2 > 0.99);
  CHECK(surrogate.quality().kendall > 0.9);
  CHECK(surrogate.quality().mean_absolute_error < 0.02);
  const SearchSpace space = space_of();
  const Genotype best = {2, 1, 3, 2};
  CHECK(surrogate.predict(space.decode(best)).value() == Approx(truth(best)).margin(0.03));
}

TEST_CASE("a latency is fitted by its logarithm: a product of effects is a sum") {
  const auto latency = [](const Genotype& g) {
    return 2.0 * std::pow(1.5, g[0]) * std::pow(3.0, g[2]) * (g[1] == 1 ? 0.5 : 1.0);
  };
  const Surrogate surrogate = fitted(table_text(latency), "split: role, unit: ms");
  CHECK(surrogate.quality().r2 > 0.99);
  CHECK(surrogate.predict(space_of().decode({0, 0, 0, 0})).value() == Approx(2).epsilon(0.05));
}

TEST_CASE("held-out rows take no part in the fit") {
  std::string text = table_text(truth);
  const Surrogate surrogate = fitted(text, "split: role");
  for (size_t at = 0; (at = text.find("val,0.", at)) != std::string::npos; at += 6)
    text[at + 6] = '9';
  const Surrogate other = fitted(text, "split: role");
  const Architecture point = space_of().decode({1, 1, 1, 1});
  CHECK(surrogate.predict(point) == other.predict(point));
  CHECK(other.quality().r2 < surrogate.quality().r2);
}

TEST_CASE("a choice that no fitted row has is refused, or has no value") {
  const Surrogate surrogate = fitted(table_text(truth), "split: role");
  CHECK_NOTHROW(surrogate.require(space_of()));
  const SearchSpace wider = SearchSpace::from_yaml(
      YamlView::parse("name: wide\ndecisions: {a: [x, more], b: p, c: 0, d: u}", "w.yaml"));
  CHECK_THAT(error_of([&] { surrogate.require(wider); }),
             Catch::Contains("no fitted row has a more, which space wide offers"));
  CHECK_FALSE(surrogate.predict(wider.decode({1})).has_value());
}

TEST_CASE("a surrogate needs rows to fit and rows to be judged by") {
  CHECK_THAT(error_of([] { fitted(table_text(truth), "split: role, held_out: test"); }),
             Catch::Contains("62 rows to fit and 0 held out; a surrogate needs 10 of each"));
}

TEST_CASE(
    "a surrogate of the Accel-NASBench networks tells its validation rows about as published") {
  const auto file = test::shared_data("accelnb/accel_nasbench.csv.gz");
  TableConfig config;
  config.path = file.string();
  config.value = "val_top1";
  config.unit = TableUnit::kPercent;
  config.split = "split";
  config.keys.emplace();
  for (const char* field : {"_e", "_k", "_l", "_se"}) {
    for (int block = 0; block < 7; ++block)
      config.keys->push_back("b" + std::to_string(block) + field);
  }
  const Surrogate accuracy(config, "accuracy.table");
  INFO(accuracy.description());
  CHECK(accuracy.quality().held_out == 512);
  CHECK(accuracy.quality().r2 > 0.975);       // published: 0.984
  CHECK(accuracy.quality().kendall > 0.905);  // published: 0.917
  config.value = "a100_throughput_img_s";
  config.unit = TableUnit::kImagesPerS;
  const Surrogate latency(config, "latency.table_file", 256);
  INFO(latency.description());
  CHECK(latency.quality().kendall > 0.96);
}
