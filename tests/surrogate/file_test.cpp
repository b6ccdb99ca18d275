#include <fstream>

#include "core/file.h"
#include "surrogate/fit.h"
#include "tests/catch.h"
#include "tests/support.h"
#include "tests/surrogate/planted.h"

using namespace ridgeline;
using namespace ridgeline::test;

TEST_CASE("a saved surrogate predicts the same bits, and is saved as the same bytes") {
  const SurrogateData data = planted_rows(80, 0.01), fresh = planted_rows(50, 0, 1);
  for (const auto& [model, name] : EnumNames<SurrogateModel>::values) {
    INFO(name);
    const FittedSurrogate surrogate = fit_surrogate(data, model);
    const TempFolder folder;
    write_file_atomic(folder / "s.json", surrogate.to_text());
    const FittedSurrogate loaded = FittedSurrogate::load(folder / "s.json");
    CHECK(loaded.to_text() == surrogate.to_text());
    CHECK(loaded.description() == surrogate.description());
    for (const auto& row : fresh.rows) {
      const SurrogatePrediction a = surrogate.predict(row.architecture);
      const SurrogatePrediction b = loaded.predict(row.architecture);
      REQUIRE(a.accuracy == b.accuracy);
      REQUIRE(a.deviation == b.deviation);
      REQUIRE(a.leverage == b.leverage);
    }
  }
}

TEST_CASE("a truncated or changed file of a surrogate is refused, wherever the damage is") {
  const std::string text = fit_surrogate(planted_rows(40, 0.01), SurrogateModel::kRidge).to_text();
  RandomStream stream(11, 0, "damage");
  for (int i = 0; i < 400; ++i) {
    std::string damaged = text;
    const auto at = static_cast<size_t>(stream.below(static_cast<int>(text.size())));
    if (i % 2 == 0) {
      damaged.resize(at);
    } else {
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << stream.below(8)));
    }
    INFO(i << ", byte " << at);
    const std::string message = error_of([&] { FittedSurrogate::parse(damaged, "s.json"); });
    REQUIRE_THAT(message, Catch::StartsWith("s.json: ") &&
                              Catch::Contains("expected a file of `ridgeline surrogate fit`"));
  }
}

TEST_CASE("a file of something else is refused with what was expected") {
  for (const std::string text :
       {"", "{}", "[1]\n", "a,b\n1,2\n", "\x1f\x8b\x08", "nan\n", "{\"format\": 3}\n{}\n"}) {
    CHECK_THAT(error_of([&] { FittedSurrogate::parse(text, "f"); }),
               Catch::Contains("f: is no file of a surrogate"));
  }
  std::string newer = fit_surrogate(planted_rows(40, 0.01), SurrogateModel::kRidge).to_text();
  newer.replace(newer.find("\"version\":1"), 11, "\"version\":2");
  CHECK_THAT(error_of([&] { FittedSurrogate::parse(newer, "f"); }),
             Catch::Contains("another version"));
  CHECK_THAT(error_of([] { FittedSurrogate::load("/nowhere/s.json"); }),
             Catch::Contains("/nowhere/s.json"));
}

TEST_CASE("a surrogate knows its own space, under any name, and names what another has") {
  const SurrogateData data = planted_rows(40, 0.01);
  const FittedSurrogate surrogate = fit_surrogate(data, SurrogateModel::kRidge);
  const auto space = [](const std::string& from, const std::string& to) {
    std::string text = kPlantedSpace;
    if (!from.empty()) text.replace(text.find(from), from.size(), to);
    return SearchSpace::from_yaml(YamlView::parse(text, "mine.yaml"));
  };
  CHECK_NOTHROW(surrogate.require(space("", "")));
  const auto refusal = [&](const std::string& from, const std::string& to) {
    return error_of([&] { surrogate.require(space(from, to)); });
  };
  CHECK_THAT(refusal("[3, 5, 7]", "[3, 5]"),
             Catch::Contains("its stage1.kernel is one of 3, 5, not of 3, 5, 7"));
  CHECK_THAT(refusal("[3, 5, 7]", "3"), Catch::Contains("it searches stage1."));
  CHECK_THAT(refusal("{filters: 32}", "{filters: 64}"), Catch::Contains("fixed values differ"));
  Architecture foreign = data.rows[0].architecture;
  foreign.stages[0].kernel = 9;
  CHECK_THAT(error_of([&] { surrogate.accuracy(foreign); }),
             Catch::Contains("stage1.kernel = 9 is not offered by the space"));
}
