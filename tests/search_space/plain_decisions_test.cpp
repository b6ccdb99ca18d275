#include "search_space/plain_decisions.h"

#include "search_space/search_space.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::error_of;

namespace {

SearchSpace space_of(const std::string& decisions) {
  return SearchSpace::from_yaml(YamlView::parse("name: p\ndecisions:\n" + decisions, "p.yaml"));
}

constexpr const char* kConditionalSpace =
    "  edge: [none, skip, conv]\n"
    "  depth: 2\n"
    "  kernel: {choices: [3, 5], active_when: {edge: conv}}\n"
    "  rate: {choices: [a, b, c], active_when: {kernel: 5, depth: [2, 3]}}\n"
    "  bias: {choices: yes, active_when: {edge: [skip, conv]}}\n";

}  // namespace

TEST_CASE("named decisions are a space: lists are searched, scalars decided") {
  const SearchSpace space = space_of("  a: [x, y]\n  b: fixed\n  c: [1, 2, 3]\n");
  CHECK(space.is_plain());
  CHECK(space.size() == 6);
  REQUIRE(space.decisions().size() == 2);
  CHECK(space.decisions()[1].name == "c");
  const Architecture point = space.decode({1, 2});
  CHECK(point.decisions == std::vector<NamedChoice>{{"a", "y"}, {"b", "fixed"}, {"c", "3"}});
  CHECK(space.encode(point) == Genotype{1, 2});
  CHECK(architecture_from_yaml(YamlView::parse(to_yaml(point), "a.yaml")) == point);
}

TEST_CASE("conditional decisions are asked only where their condition holds") {
  const SearchSpace space = space_of(kConditionalSpace);
  CHECK(space.size() == 2 + 1 + 3);  // none, skip; conv with 3; conv with 5 and three rates
  CHECK(space.decode({0, kInactive, kInactive}).decisions ==
        std::vector<NamedChoice>{{"edge", "none"}, {"depth", "2"}});
  CHECK(space.decode({2, 1, 2}).decisions ==
        std::vector<NamedChoice>{
            {"edge", "conv"}, {"depth", "2"}, {"kernel", "5"}, {"rate", "c"}, {"bias", "yes"}});
  CHECK_THROWS_AS(space.decode({0, 1, kInactive}), Error);
  for (const Genotype& genotype :
       {Genotype{0, kInactive, kInactive}, Genotype{1, kInactive, kInactive},
        Genotype{2, 0, kInactive}, Genotype{2, 1, 0}}) {
    CHECK(space.encode(space.decode(genotype)) == genotype);
  }
}

TEST_CASE("pinning a decision rules out what asks for its other choices") {
  const SearchSpace space = space_of(
      "  edge: skip\n  kernel: {choices: [3, 5], active_when: {edge: conv}}\n"
      "  rate: {choices: [a, b], active_when: {kernel: 5}}\n  end: [x, y]\n");
  REQUIRE(space.decisions().size() == 1);
  CHECK(space.decode({1}).decisions == std::vector<NamedChoice>{{"edge", "skip"}, {"end", "y"}});
}

TEST_CASE("a point of plain decisions has no network, and says so") {
  const Architecture point = space_of("  a: [x, y]\n").decode({0});
  CHECK_THAT(error_of([&] { lower(point); }), Catch::Contains("has no network"));
}

TEST_CASE("bad spaces of plain decisions are refused with the place") {
  const auto error = [](const std::string& decisions) {
    return error_of([&] { space_of(decisions); });
  };
  CHECK_THAT(error("  a: [x, x]\n"), Catch::Contains("p.yaml:3:10: decisions.a[1]: given twice"));
  CHECK_THAT(error("  a: []\n"), Catch::Contains("the list is empty"));
  CHECK_THAT(error("  a: {choices: [x, y], when: {}}\n"),
             Catch::Contains("valid: choices, active_when"));
  CHECK_THAT(error("  a: {choices: [x, y], active_when: {b: z}}\n  b: [z, w]\n"),
             Catch::Contains("no earlier decision has this name; there is none before a"));
  CHECK_THAT(error("  b: [z, w]\n  a: {choices: [x, y], active_when: {b: q}}\n"),
             Catch::Contains("'q' is no choice of it; valid: z, w"));
  CHECK_THAT(error("  a: [x, y]\nstages: []\n"), Catch::Contains("stages: unknown key"));
}

TEST_CASE("an architecture of another space is refused by decision") {
  const SearchSpace space = space_of("  a: [x, y]\n  b: [z, w]\n");
  const auto error = [&](const std::string& decisions) {
    const auto point = architecture_from_yaml(YamlView::parse("decisions: " + decisions, "q.yaml"));
    return error_of([&] { space.encode(point); });
  };
  CHECK_THAT(error("{a: x}"), Catch::EndsWith("lacks the decision b"));
  CHECK_THAT(error("{a: q, b: z}"),
             Catch::Contains("a = q is not offered by the space p; valid: x, y"));
  CHECK_THAT(error("{a: x, b: z, c: 1}"),
             Catch::Contains("has decisions that the space p has not"));
  const Architecture network = architecture_from_yaml(
      YamlView::parse("resolution: 32\nstages: [{kernel: 3, filters: 8}]", "n.yaml"));
  CHECK_THAT(error_of([&] { space.encode(network); }), Catch::Contains("describes a network"));
}
