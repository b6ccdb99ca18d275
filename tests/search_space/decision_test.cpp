#include "search_space/decision.h"

#include <set>

#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::error_of;

namespace {

// b means something only after a = 1; c after a = 0 or b = 2.
const std::vector<Decision> kConditional = {
    {"a", {"x", "y"}},
    {"b", {"p", "q", "r"}, {{{{0, {1}}}}}},
    {"c", {"s", "t"}, {{{{0, {0}}}}, {{{1, {2}}}}}},
};

}  // namespace

TEST_CASE("a genotype's text reads back as the same genotype") {
  const Genotype genotype = {0, 12, kInactive, 3};
  CHECK(to_text(genotype) == "0.12.-.3");
  CHECK(genotype_from_text("0.12.-.3") == genotype);
  CHECK(genotype_from_text("").empty());
  CHECK(error_of([] { genotype_from_text("0.x.1"); }).find("'0.x.1' is no genotype") == 0);
  CHECK(error_of([] { genotype_from_text("0.-2"); }).find("is no genotype") != std::string::npos);
  CHECK(error_of([] { genotype_from_text("0..1"); }).find("is no genotype") != std::string::npos);
}

TEST_CASE("the number of points counts only choices that mean something") {
  // a = 0: c has 2. a = 1: b = p, q make one point each, b = r gives c 2.
  CHECK(count_points(kConditional) == 2 + 1 + 1 + 2);
  CHECK(count_points({}) == 1);
  CHECK(count_points({{"a", {"1", "2", "3"}}, {"b", {"1", "2"}}}) == 6);
}

TEST_CASE("random genotypes are valid and reach every point") {
  RandomStream stream(7, 0, "test");
  std::set<std::string> seen;
  for (int i = 0; i < 500; ++i) {
    const Genotype genotype = random_genotype(kConditional, stream);
    check_genotype(kConditional, genotype);
    seen.insert(to_text(genotype));
  }
  CHECK(seen == std::set<std::string>{"0.-.0", "0.-.1", "1.0.-", "1.1.-", "1.2.0", "1.2.1"});
}

TEST_CASE("a genotype that does not fit names the decision") {
  CHECK(error_of([] {
          check_genotype(kConditional, {0, kInactive});
        }) == "genotype 0.-: 2 choices, none for c; expected 3");
  CHECK(error_of([] {
          check_genotype(kConditional, {0, kInactive, 0, 0});
        }).find("more than the space has") != std::string::npos);
  CHECK(error_of([] {
          check_genotype(kConditional, {0, 1, 0});
        }) == "genotype 0.1.0: b = 1; valid: '-', as earlier choices make it meaningless");
  CHECK(error_of([] {
          check_genotype(kConditional, {1, 3, 0});
        }) == "genotype 1.3.0: b = 3; valid: 0 to 2");
}
