#include "core/config.h"

#include <cstdint>

#include "tests/catch.h"
#include "tests/support.h"

namespace {

enum class Colour { kRed, kDarkBlue };

}  // namespace

template <>
struct ridgeline::EnumNames<Colour> {
  static constexpr std::array<std::pair<Colour, const char*>, 2> values{
      {{Colour::kRed, "red"}, {Colour::kDarkBlue, "dark_blue"}}};
};

using namespace ridgeline;
using Catch::Matchers::Contains;
using test::error_of;

namespace {

struct Inner {
  double rate = 0.25;
  int steps = 3;
  bool operator==(const Inner&) const = default;

  template <class V>
  void describe(V& v) {
    v.field("rate", rate, {.help = "share", .min = 0, .max = 1});
    v.field("steps", steps, {.help = "how many", .unit = "steps", .min = 1});
  }
};

struct DarkBlue {
  int depth = 4;
  Inner inner;

  template <class V>
  void describe(V& v) {
    v.field("depth", depth, {.help = "how deep"});
    v.section("inner", inner, "inside");
  }
};

/// Keys for one colour or the other, in one map.
struct Paint {
  Colour colour = Colour::kRed;
  double warmth = 0.5;
  DarkBlue dark_blue = {};
  std::optional<std::vector<Inner>> coats = std::nullopt;

  template <class V>
  void describe(V& v) {
    v.field("colour", colour, {.help = "which"});
    v.field("warmth", warmth, {.help = "how warm", .max = 1},
            used_by("colour", colour, {Colour::kRed}));
    v.part(dark_blue, used_by("colour", colour, {Colour::kDarkBlue}));
    v.field("coats", coats, {.help = "on top"}, used_by("colour", colour, {Colour::kDarkBlue}));
  }
};

struct Settings {
  bool flag = false;
  int count = 5;
  uint64_t seed = 1;
  int8_t small = 0;
  double ratio = 0.1;
  std::string text = "plain";
  Colour colour = Colour::kRed;
  std::vector<int> sizes = {1, 2};
  std::vector<Colour> colours = {Colour::kRed};
  std::optional<double> limit = std::nullopt;
  std::optional<std::string> label = std::nullopt;
  std::optional<std::vector<Inner>> parts = std::nullopt;
  Inner inner;
  bool operator==(const Settings&) const = default;

  template <class V>
  void describe(V& v) {
    v.field("flag", flag, {.help = "a switch"});
    v.field("count", count, {.help = "a number", .unit = "images", .min = 1, .max = 100});
    v.field("seed", seed, {.help = "of everything"});
    v.field("small", small, {.help = "one byte"});
    v.field("ratio", ratio, {.help = "at most half", .max = 0.5});
    v.field("text", text, {.help = "a text"});
    v.field("colour", colour, {.help = "one of two"});
    v.field("sizes", sizes, {.help = "a list", .min = 0, .max = 9});
    v.field("colours", colours, {.help = "a list of names"});
    v.field("limit", limit, {.help = "nothing: none", .min = 0});
    v.field("label", label, {.help = "nothing: none"});
    v.field("parts", parts, {.help = "a list of parts"});
    v.section("inner", inner, "a part of its own");
  }
};

Settings read(const std::string& text) {
  return read_config<Settings>(YamlView::parse(text, "c.yaml"));
}

std::string read_error(const std::string& text) {
  return error_of([&] { read(text); });
}

Settings unusual() {
  Settings s;
  s.flag = true;
  s.count = 100;
  s.seed = INT64_MAX;
  s.small = -128;
  s.ratio = -1.0 / 3;
  s.text = "a: \"b\" # \\ \n\t'c' \xc3\xa9";
  s.colour = Colour::kDarkBlue;
  s.sizes = {9, 0, 3};
  s.colours = {Colour::kDarkBlue, Colour::kRed};
  s.limit = 1e300;
  s.label = "~";
  s.parts = std::vector<Inner>{{0.5, 2}, {0.1 + 0.2, 2147483647}};
  s.inner = {0.1 + 0.2, 2147483647};
  return s;
}

}  // namespace

TEST_CASE("keys that are absent keep their defaults, keys that are there replace them") {
  const Settings s = read("count: 7\ninner: {steps: 8}\ncolours: [dark_blue, red]\nlimit: 2\n");
  Settings expected;
  expected.count = 7;
  expected.inner.steps = 8;
  expected.colours = {Colour::kDarkBlue, Colour::kRed};
  expected.limit = 2.0;
  CHECK(s == expected);
  CHECK_FALSE(read("limit: ~\n").limit.has_value());
  CHECK(read("text: 12\n").text == "12");
}

TEST_CASE("a written struct reads back as an equal value, annotated or not") {
  for (const bool annotate : {false, true}) {
    CHECK(read(write_config(Settings{}, annotate)) == Settings{});
    CHECK(read(write_config(unusual(), annotate)) == unusual());
    CHECK(write_config(read(write_config(unusual(), annotate)), annotate) ==
          write_config(unusual(), annotate));
  }
}

TEST_CASE("numbers survive writing and reading exactly") {
  for (const double value : {0.1, 1.0 / 3, 1e-300, 5e-324, -0.09, 1e22, 123456789.123456789, 0.0,
                             -2.0, 1.7976931348623157e308}) {
    Settings s;
    s.inner.rate = 0;
    s.limit = value < 0 ? -value : value;
    INFO(value);
    CHECK(*read(write_config(s)).limit == *s.limit);
  }
  CHECK(ConfigWriter::plain_number(0.1) == "0.1");
  CHECK(ConfigWriter::plain_number(-0.09) == "-0.09");
  CHECK(ConfigWriter::plain_number(5) == "5");
}

TEST_CASE("the plain writer prints one line per field, sections indented") {
  CHECK(write_config(Settings{}) ==
        "flag: false\n"
        "count: 5\n"
        "seed: 1\n"
        "small: 0\n"
        "ratio: 0.1\n"
        "text: \"plain\"\n"
        "colour: red\n"
        "sizes: [1, 2]\n"
        "colours: [red]\n"
        "limit: ~\n"
        "label: ~\n"
        "parts: ~\n"
        "inner:\n"
        "  rate: 0.25\n"
        "  steps: 3\n");
}

TEST_CASE("a list of structs is written one item behind the other") {
  Settings s;
  s.parts = std::vector<Inner>{{0.5, 2}, {0.25, 3}};
  CHECK_THAT(write_config(s), Contains("parts: [{rate: 0.5, steps: 2}, {rate: 0.25, steps: 3}]\n"));
  CHECK(read("parts: [{steps: 2}]\n").parts->at(0) == Inner{0.25, 2});
}

TEST_CASE("the annotated writer adds meaning, unit, range and choices") {
  const std::string text = write_config(Settings{}, true);
  CHECK_THAT(text, Contains("# a switch\nflag: false\n"));
  CHECK_THAT(text, Contains("# a number [images] (1 .. 100)\ncount: 5\n"));
  CHECK_THAT(text, Contains("# at most half (<= 0.5)\nratio: 0.1\n"));
  CHECK_THAT(text, Contains("# one of two {red | dark_blue}\ncolour: red\n"));
  CHECK_THAT(text, Contains("# a list of names {red | dark_blue}\ncolours: [red]\n"));
  CHECK_THAT(text, Contains("\n\n# a part of its own\ninner:\n  # share (0 .. 1)\n  rate: 0.25\n"));
  CHECK_THAT(text, Contains("  # how many [steps] (>= 1)\n  steps: 3\n"));
}

TEST_CASE("a number out of its range is refused with the range and unit") {
  CHECK(read_error("count: 0\n") ==
        "c.yaml:1:8: count: out of range: 0; valid: from 1 to 100 images");
  CHECK(read_error("ratio: 0.75\n") == "c.yaml:1:8: ratio: out of range: 0.75; valid: at most 0.5");
  CHECK(read_error("inner: {steps: 0}\n") ==
        "c.yaml:1:16: inner.steps: out of range: 0; valid: at least 1 steps");
  CHECK(read_error("sizes: [1, 10]\n") ==
        "c.yaml:1:12: sizes[1]: out of range: 10; valid: from 0 to 9");
  CHECK(read_error("limit: -1\n") == "c.yaml:1:8: limit: out of range: -1; valid: at least 0");
  CHECK(read_error("limit: .nan\n") ==
        "c.yaml:1:8: limit: must be a number without a unit, not '.nan'");
  CHECK(read_error("limit: nan\n") == "c.yaml:1:8: limit: must be a finite number");
  CHECK(read_error("ratio: -inf\n") == "c.yaml:1:8: ratio: must be a finite number");
}

TEST_CASE("a number that its field cannot hold is refused with what the field holds") {
  CHECK(read_error("small: 128\n") ==
        "c.yaml:1:8: small: out of range: 128; valid: from -128 to 127");
  CHECK(read_error("inner: {steps: 3000000000}\n") ==
        "c.yaml:1:16: inner.steps: out of range: 3000000000; valid: from -2147483648 to "
        "2147483647");
  CHECK(read_error("seed: -1\n") ==
        "c.yaml:1:7: seed: out of range: -1; valid: from 0 to 18446744073709551615");
  CHECK(read("seed: 9007199254740993\n").seed == 9007199254740993);  // not through a double
}

TEST_CASE("values of another kind, unknown names and unknown keys are refused") {
  CHECK(read_error("count: 1.5\n") == "c.yaml:1:8: count: must be a whole number, not '1.5'");
  CHECK(read_error("flag: 1\n") == "c.yaml:1:7: flag: must be true or false, not '1'");
  CHECK(read_error("colour: dark-blue\n") ==
        "c.yaml:1:9: colour: 'dark-blue' is not one of: red, dark_blue; did you mean 'dark_blue'?");
  CHECK(read_error("colours: [red, tangerine]\n") ==
        "c.yaml:1:16: colours[1]: 'tangerine' is not one of: red, dark_blue");
  CHECK(read_error("sizes: 3\n") == "c.yaml:1:8: sizes: must be a list, such as [a, b]");
  CHECK(read_error("sizes: []\n") ==
        "c.yaml:1:8: sizes: the list is empty; give at least one value");
  CHECK(read_error("inner: 3\n") == "c.yaml:1:8: inner: must be a map of settings");
  CHECK(read_error("parts: [{steps: 2}, {step: 2}]\n") ==
        "c.yaml:1:22: parts[1].step: unknown key; did you mean 'steps'? valid: rate, steps");
  CHECK(read_error("parts: [{steps: 0}]\n") ==
        "c.yaml:1:17: parts[0].steps: out of range: 0; valid: at least 1 steps");
  CHECK(read_error("parts: [3]\n") == "c.yaml:1:9: parts[0]: must be a map of settings");
  CHECK(read_error("text: [a]\n") == "c.yaml:1:7: text: must be a word or a text");
  CHECK(read_error("- 1\n") == "c.yaml:1:1: must be a map of settings");
  CHECK(read_error("inner: {rat: 0.5}\n") ==
        "c.yaml:1:9: inner.rat: unknown key; did you mean 'rate'? valid: rate, steps");
}

TEST_CASE("keys that the chosen kind does not use are reported, and change nothing") {
  std::vector<std::string> unused;
  const auto read_paint = [&](const std::string& text) {
    unused.clear();
    return read_config<Paint>(YamlView::parse(text, "c.yaml"), &unused);
  };
  Paint paint = read_paint("depth: 7\ninner: {steps: 5}\nwarmth: 1\ncoats: ~\n");
  CHECK(paint.dark_blue.depth == 4);
  CHECK(paint.dark_blue.inner.steps == 3);
  CHECK(paint.warmth == 1);
  CHECK(unused == std::vector<std::string>{
                      "c.yaml:1:1: depth: has no effect with colour red; used by: dark_blue",
                      "c.yaml:2:1: inner: has no effect with colour red; used by: dark_blue"});
  paint = read_paint("colour: dark_blue\ndepth: 7\nwarmth: 1\n");
  CHECK(paint.dark_blue.depth == 7);
  CHECK(paint.warmth == 0.5);
  CHECK(unused == std::vector<std::string>{
                      "c.yaml:3:1: warmth: has no effect with colour dark_blue; used by: red"});
  CHECK(error_of([&] { read_paint("inner: {steps: 0}\n"); }) ==
        "c.yaml:1:16: inner.steps: out of range: 0; valid: at least 1 steps");
}

TEST_CASE("keys that the chosen kind does not use are left out, or comments of the reference") {
  CHECK(write_config(Paint{}) == "colour: red\nwarmth: 0.5\n");
  CHECK(write_config(Paint{.colour = Colour::kDarkBlue}) ==
        "colour: dark_blue\ndepth: 4\ninner:\n  rate: 0.25\n  steps: 3\ncoats: ~\n");
  CHECK(write_config(Paint{}, true) ==
        "# which {red | dark_blue}\ncolour: red\n"
        "# red: how warm (<= 1)\nwarmth: 0.5\n"
        "# dark_blue: how deep\n#depth: 4\n"
        "\n# dark_blue: inside\n#inner:\n"
        "  # share (0 .. 1)\n  #rate: 0.25\n  # how many [steps] (>= 1)\n  #steps: 3\n"
        "# dark_blue: on top\n#coats: ~\n");
}
