#include "tables/lookup.h"

#include "core/file.h"
#include "tables/space_points.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::error_of;

namespace {

SearchSpace space_of(const std::string& decisions) {
  return SearchSpace::from_yaml(YamlView::parse("name: s\ndecisions: " + decisions, "s.yaml"));
}

const std::string kSpace =
    "{edge: [none, conv], rate: {choices: [1, 2], active_when: {edge: conv}}}";

/// A table of a file with this text, read by `settings`.
LookupTable table_of(const std::string& text, const std::string& settings, int batch = 1) {
  static const test::TempFolder folder;
  write_file_atomic(folder / "t.csv", text);
  auto config = read_config<TableConfig>(YamlView::parse(settings, "c.yaml"));
  config.path = (folder / "t.csv").string();
  return LookupTable(config, "accuracy.table", batch);
}

constexpr const char* kColumns = "{value: acc, keys: [edge, rate]}";

}  // namespace

TEST_CASE("a table gives the value of the row whose columns are the choices") {
  const SearchSpace space = space_of(kSpace);
  const LookupTable table =
      table_of("rate,edge,acc\n-,none,0.1\n1,conv,0.5\n2,conv,0.75\n", kColumns);
  CHECK_NOTHROW(table.require(space));
  CHECK(table.find(space.decode({0, kInactive})) == 0.1);
  CHECK(table.find(space.decode({1, 0})) == 0.5);
  CHECK(table.find(space.decode({1, 1})) == 0.75);
}

TEST_CASE("a key column may have another name than its decision") {
  const LookupTable table =
      table_of("r,e,acc\n1,conv,0.5\n", "{value: acc, keys: [edge=e, rate=r]}");
  CHECK(table.find(space_of(kSpace).decode({1, 0})) == 0.5);
}

TEST_CASE("the digits of one column are the choices of the keys in their order") {
  const std::string text = "ops,acc\n0-,10\n10,50\n11,75\n";
  const LookupTable table = table_of(text,
                                     "{value: acc, unit: percent, keys: [edge, rate], digits: ops, "
                                     "digit_names: [none, conv]}");
  const SearchSpace space =
      space_of("{edge: [none, conv], rate: {choices: [none, conv], active_when: {edge: conv}}}");
  CHECK_NOTHROW(table.require(space));
  CHECK(table.find(space.decode({1, 1})) == 0.75);
  CHECK(table.find(space.decode({0, kInactive})) == 0.1);
  const LookupTable plain =
      table_of(text, "{value: acc, unit: percent, keys: [a, b], digits: ops}");
  CHECK(plain.find(space_of("{a: [0, 1], b: [0, 1]}").decode({1, 0})) == 0.5);
}

TEST_CASE("values are converted to fractions and milliseconds of a batch") {
  const auto value = [](const std::string& unit, int batch) {
    return table_of("a,v\nx,50\n", "{value: v, keys: [a], unit: " + unit + "}", batch)
        .find(space_of("{a: [x, y]}").decode({0}));
  };
  CHECK(value("percent", 1) == 0.5);
  CHECK(value("ms", 8) == 50);
  CHECK(value("s", 8) == 50000);
  CHECK(value("images_per_s", 8) == 160);
}

TEST_CASE("a table that lacks points of the space is refused, or its trials fail") {
  const std::string text = "edge,rate,acc\nnone,,0.1\nconv,1,\n";
  const SearchSpace space = space_of(kSpace);
  CHECK_THAT(error_of([&] { table_of(text, kColumns).require(space); }),
             Catch::Contains("t.csv, column acc has no value for 2 of the 3 points of space s, the "
                             "first: edge conv, rate 1; complete the table"));
  const LookupTable table = table_of(text, "{value: acc, keys: [edge, rate], missing: fail_trial}");
  CHECK_NOTHROW(table.require(space));
  CHECK_FALSE(table.find(space.decode({1, 0})).has_value());
  CHECK(table.missing_text(space.decode({1, 0})) ==
        "accuracy.table: t.csv, column acc has no value for edge conv, rate 1");
}

TEST_CASE("a table that makes no sense is refused with its place") {
  const auto error = [](const std::string& text, const std::string& settings) {
    return error_of([&] { table_of(text, settings); });
  };
  CHECK_THAT(error("edge,rate,acc\n", "{value: ac, keys: [edge, rate]}"),
             Catch::EndsWith("no column 'ac'; did you mean 'acc'?"));
  CHECK_THAT(error("edge,acc\n", kColumns), Catch::Contains("no column 'rate'"));
  CHECK_THAT(error("edge,rate,acc\na,1,0.5\nb,1,0.5\na,1,0.6\n", kColumns),
             Catch::Contains("t.csv:4: the same key as ") && Catch::Contains("t.csv:2: a, 1"));
  CHECK_THAT(error("edge,rate,acc\na,1,nan\n", kColumns),
             Catch::Contains("t.csv:2: acc: 'nan' is no finite number"));
  CHECK_THAT(error("edge,rate,acc\na,1,50\n", kColumns),
             Catch::Contains("50 is no accuracy in fraction") && Catch::Contains("percent?"));
  CHECK_THAT(error("edge,rate,acc\na,1,0\n", "{value: acc, keys: [edge, rate], unit: ms}"),
             Catch::Contains("acc: 0 is no latency: it must be above 0"));
  CHECK_THAT(error("ops,acc\n012,0.5\n", "{value: acc, keys: [a, b], digits: ops}"),
             Catch::Contains("'012' has 3 digits; expected one for each of 2 decisions"));
  CHECK_THAT(
      error("ops,acc\n7,0.5\n", "{value: acc, keys: [a], digits: ops, digit_names: [none, skip]}"),
      Catch::Contains("digit_names has no name for '7'"));
  CHECK_THAT(error("a,acc\n", "{value: acc}"), Catch::Contains("accuracy.table.keys: names no"));
  TableConfig absent;
  absent.path = "/no/such.csv";
  CHECK(error_of([&] { LookupTable(absent, "accuracy.table"); }) ==
        "accuracy.table.path: /no/such.csv: no such file; say where the table is with --set "
        "accuracy.table.path=FILE");
  CHECK_THAT(error_of([] { LookupTable(TableConfig{}, "accuracy.table"); }),
             Catch::Contains("accuracy.table.path: is empty"));
}

TEST_CASE("every point of a space is visited once") {
  std::vector<std::string> visited;
  for_each_point(space_of(kSpace).decisions(),
                 [&](const Genotype& genotype) { visited.push_back(to_text(genotype)); });
  CHECK(visited == std::vector<std::string>{"0.-", "1.0", "1.1"});
}
