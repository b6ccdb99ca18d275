#include "core/yaml.h"

#include <fstream>

#include "core/config_path.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using Catch::Matchers::StartsWith;
using test::error_of;
using test::TempFolder;

namespace {

YamlView parse(const std::string& text) { return YamlView::parse(text, "file.yaml"); }

std::string parse_error(const std::string& text) {
  return error_of([&] { parse(text); });
}

}  // namespace

TEST_CASE("a failure names file, line, column and the dotted key") {
  const YamlView root = parse("name: a\nstages:\n  - {kernel: 3}\n  - {kernel: three}\n");
  const YamlView kernel = root.at("stages").items()[1].at("kernel");
  CHECK(kernel.where() == "file.yaml:4:14: stages[1].kernel");
  CHECK(error_of([&] { kernel.as_int(); }) ==
        "file.yaml:4:14: stages[1].kernel: must be a whole number, not 'three'");
}

TEST_CASE("a key given twice is refused where its second copy stands, also in a nested map") {
  CHECK(parse_error("a: 1\nb: 2\na: 3\n") == "file.yaml:3:1: a: key given twice");
  CHECK(parse_error("list:\n  - {x: 1, y: 2, x: 3}\n") == "file.yaml:2:18: x: key given twice");
}

TEST_CASE("text that is no YAML is refused with the place where reading stopped") {
  CHECK_THAT(parse_error("a: 1\nb: [1, 2\n"), StartsWith("file.yaml:3:1: not valid YAML: "));
  CHECK_THAT(parse_error("a: b: c\n"), StartsWith("file.yaml:1:5: not valid YAML: "));
  CHECK(parse_error("") == "file.yaml: the file is empty");
  CHECK(parse_error("# only a comment\n") == "file.yaml: the file is empty");
  CHECK(parse_error("[a]: 1\n") == "file.yaml:1:1: a key must be a plain word");
}

TEST_CASE("a text of very many values is refused while it is parsed") {
  std::string text = "a: [";
  for (int i = 0; i < 200001; ++i) text += "1,";  // never closed: the parser does not get there
  CHECK(parse_error(text) == "file.yaml:1:399999: more than 200000 keys and values");
}

TEST_CASE("a second document in one file is refused, not passed over") {
  CHECK(parse_error("a: 1\n---\nb: 2\n") == "file.yaml:3:1: a second document; a file holds one");
  CHECK(parse("---\na: 1\n...\n").at("a").as_int() == 1);
}

TEST_CASE("an alias that contains itself is refused, not followed for ever") {
  const std::string reason = ": nested deeper than 64 levels; an alias may not contain itself";
  CHECK(parse_error("a: &x [1, *x]\n") == "file.yaml:1:8" + reason);
  CHECK_THAT(parse_error("a: &x [*x, *x]\n"), Catch::Matchers::EndsWith(reason));
  CHECK_THAT(parse_error("a: &x {b: {c: *x}}\n"), Catch::Matchers::EndsWith(reason));
  CHECK(parse("a: &x [1, 2]\nb: *x\n").at("b").items()[1].as_int() == 2);
}

TEST_CASE("aliases that multiply beyond any use are refused") {
  std::string text = "a0: &a0 [1, 1, 1, 1]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string below = "*a" + std::to_string(i - 1), name = "a" + std::to_string(i);
    text += name + ": &" + name + " [" + below + ", " + below + ", " + below + ", " + below + "]\n";
  }
  CHECK_THAT(parse_error(text),
             Catch::Matchers::EndsWith(": more than 1000000 values, aliases counted in full"));
}

TEST_CASE("an absent file is named as the user gave it") {
  const TempFolder folder;
  const auto path = folder / "none.yaml";
  CHECK(error_of([&] { YamlView::load_file(path); }) == path.string() + ": no such file");
  CHECK(error_of([&] { YamlView::load_file(folder.path()); }) ==
        folder.path().string() + ": is a folder; expected a YAML file");
  std::ofstream(path) << "a: 5\n";
  CHECK(YamlView::load_file(path).at("a").where() == path.string() + ":1:4: a");
}

TEST_CASE("a missing key, an empty list and a value of another kind each say what is wrong") {
  const YamlView root = parse("a: 1\nempty: []\nnothing:\nmap: {k: 1}\nlist: [1]\n");
  CHECK(error_of([&] { root.at("b"); }) == "file.yaml:1:1: the key 'b' is missing");
  CHECK(error_of([&] { root.at("map").at("z"); }) == "file.yaml:4:6: map: the key 'z' is missing");
  CHECK(error_of([&] { root.at("empty").items(); }) ==
        "file.yaml:2:8: empty: the list is empty; give at least one value");
  CHECK(error_of([&] { root.at("a").items(); }) ==
        "file.yaml:1:4: a: must be a list, such as [a, b]");
  CHECK(error_of([&] { root.at("list").find("k"); }) == "file.yaml:5:7: list: must be a map");
  CHECK(error_of([&] { root.at("list").entries(); }) == "file.yaml:5:7: list: must be a map");
  CHECK(error_of([&] { root.at("map").as_string(); }) ==
        "file.yaml:4:6: map: must be a word or a text");
  CHECK(error_of([&] { root.at("list").as_double(); }) ==
        "file.yaml:5:7: list: must be a number without a unit");
  CHECK_THAT(error_of([&] { root.at("nothing").as_int(); }),
             Catch::Matchers::EndsWith("nothing: must be a whole number"));
  CHECK_FALSE(root.find("b").has_value());
  CHECK(root.has("nothing"));
  CHECK(root.at("nothing").is_null());
}

TEST_CASE("numbers are read strictly and exactly") {
  const auto number = [](const std::string& text) { return parse("n: " + text).at("n"); };
  CHECK(number("-12").as_int() == -12);
  CHECK(number("+7").as_int() == 7);
  CHECK(number("9223372036854775807").as_int() == INT64_MAX);
  CHECK(number("0.1").as_double() == 0.1);
  CHECK(number("1e-3").as_double() == 0.001);
  CHECK(number("16777217").as_double() == 16777217.0);
  for (const std::string text :
       {"1.5", "1.0", "yes", "0x10", "1_000", "3px", "+-5", "''", "9223372036854775808"}) {
    INFO(text);
    CHECK_THAT(error_of([&] { number(text).as_int(); }),
               StartsWith("file.yaml:1:4: n: must be a whole number, not '"));
  }
  for (const std::string text : {"5ms", "1,5", "yes", "0x10", "+-5", "1e999", "''"}) {
    INFO(text);
    CHECK_THAT(error_of([&] { number(text).as_double(); }),
               StartsWith("file.yaml:1:4: n: must be a number without a unit, not '"));
  }
  CHECK(number("true").as_bool());
  CHECK_FALSE(number("false").as_bool());
  CHECK(error_of([&] { number("yes").as_bool(); }) ==
        "file.yaml:1:4: n: must be true or false, not 'yes'");
  CHECK(error_of([&] { number("1").as_bool(); }) ==
        "file.yaml:1:4: n: must be true or false, not '1'");
}

TEST_CASE("an unknown key is refused with the nearest known name and all valid ones") {
  const YamlView root = parse("stem: {filters: 8, kernl: 3}\nzzzzzzz: 1\n");
  CHECK(error_of([&] {
          root.at("stem").refuse_unknown({"filters", "kernel", "stride"});
        }) ==
        "file.yaml:1:20: stem.kernl: unknown key; did you mean 'kernel'? valid: filters, kernel, "
        "stride");
  CHECK(error_of([&] {
          root.refuse_unknown({"stem", "head"});
        }) == "file.yaml:2:1: zzzzzzz: unknown key; valid: stem, head");
  CHECK_NOTHROW(root.refuse_unknown({"stem", "zzzzzzz"}));
}

TEST_CASE("the nearest name is the one with the fewest edits, and none when all are far") {
  CHECK(nearest_name("swich", {"relu", "swish", "sigmoid"}) == "swish");
  CHECK(nearest_name("latency_ms", {"target", "latency_ratio", "latency"}) == "latency");
  CHECK(nearest_name("target", {"kind", "target_ms", "w"}) == "target_ms");
  CHECK(nearest_name("xyz", {"resolution", "filters"}).empty());
  CHECK(nearest_name("x", {}).empty());
}

TEST_CASE("entries come in the order of the file with their dotted keys") {
  const auto entries = parse("m: {b: 1, a: 2}").at("m").entries();
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].first == "b");
  CHECK(entries[1].second.key() == "m.a");
  CHECK(entries[1].second.as_int() == 2);
}

TEST_CASE("setting by path changes one value, makes maps on the way and leaves the rest") {
  YAML::Node root = YAML::Load("reward: {target_ms: 5, w: -0.09}\nname: a\n");
  set_by_path(root, "reward.target_ms", "7.5");
  set_by_path(root, "search.strategy.kind", "random");
  set_by_path(root, "formats", "[yaml, torchscript]");
  const YamlView view = YamlView::wrap(root, "file.yaml");
  CHECK(view.at("reward").at("target_ms").as_double() == 7.5);
  CHECK(view.at("reward").at("w").as_double() == -0.09);
  CHECK(view.at("name").as_string() == "a");
  CHECK(view.at("search").at("strategy").at("kind").as_string() == "random");
  CHECK(view.at("formats").items().size() == 2);
  CHECK(parse(emit_yaml(root)).at("reward").at("target_ms").as_double() == 7.5);
}

TEST_CASE("what was set by path is named by its key, not by a place in the file") {
  YAML::Node root = YAML::Load("reward: {target_ms: 5}\n");
  set_by_path(root, "reward.target_ms", "fast");
  set_by_path(root, "search", "{batch: x, modes: [1, y]}");
  set_by_path(root, "reward.wight", "1");
  const YamlView view =
      YamlView::wrap(root, "file.yaml", {"reward.target_ms", "search", "reward.wight"});
  CHECK_THAT(error_of([&] { view.at("reward").at("target_ms").as_double(); }),
             StartsWith("--set reward.target_ms: must be a number"));
  CHECK_THAT(error_of([&] { view.at("search").at("batch").as_int(); }),
             StartsWith("--set search: search.batch: must be a whole number"));
  CHECK_THAT(error_of([&] { view.at("search").at("modes").items()[1].as_int(); }),
             StartsWith("--set search: search.modes[1]: must be a whole number"));
  CHECK_THAT(error_of([&] {
               view.at("reward").refuse_unknown({"target_ms", "weight"});
             }),
             StartsWith("--set reward.wight: unknown key; did you mean 'weight'?"));
  CHECK_THAT(error_of([&] { view.at("reward").as_int(); }), StartsWith("file.yaml:1:9: reward:"));
}

TEST_CASE("setting by a path that cannot be says why and changes nothing") {
  YAML::Node root = YAML::Load("name: a\nlist: [1, 2]\n");
  const std::string before = emit_yaml(root);
  CHECK(error_of([&] { set_by_path(root, "name.x", "1"); }) ==
        "--set name.x: 'name' holds no keys");
  CHECK(error_of([&] { set_by_path(root, "list.x.y", "1"); }) ==
        "--set list.x.y: 'list' holds no keys");
  CHECK(error_of([&] { set_by_path(root, "", "1"); }) ==
        "--set : expected key=value with a dotted key, such as reward.target_ms=5");
  CHECK_THAT(error_of([&] { set_by_path(root, "new..x", "1"); }),
             StartsWith("--set new..x: expected key=value"));
  CHECK_THAT(error_of([&] { set_by_path(root, "name", "[1"); }),
             StartsWith("--set name: not valid YAML: "));
  CHECK_THAT(error_of([&] { set_by_path(root, "name", "{a: 1, a: 2}"); }),
             StartsWith("--set name:1:8: a: key given twice"));
  CHECK(emit_yaml(root) == before);
}

TEST_CASE("a named file is found among the shipped ones, or by its path from the naming file") {
  CHECK(find_config("spaces", "tiny") == config_folder() / "spaces" / "tiny.yaml");
  const TempFolder folder;
  std::ofstream(folder / "mine.yaml") << "a: 1\n";
  CHECK(find_config("spaces", "mine.yaml", folder.path()) == folder / "mine.yaml");
  CHECK(find_config("spaces", "spaces/tiny.yaml", folder.path()) ==
        config_folder() / "spaces/tiny.yaml");
  CHECK_THAT(error_of([] { find_config("spaces", "tinny"); }),
             StartsWith("spaces: no file for 'tinny'; did you mean 'tiny'? valid: a path to a "
                        ".yaml file, or one of "));
  CHECK_THAT(error_of([] { find_config("spaces", "qqqqqqqqq"); }),
             StartsWith("spaces: no file for 'qqqqqqqqq'; valid: a path to a .yaml file"));
}

TEST_CASE("a word of the command line is refused by its option's name, without a place in a file") {
  const auto word = [](const std::string& text) { return YamlView::word(text, "--count"); };
  CHECK(word("12").as_int() == 12);
  CHECK(error_of([&] { word("a few: ]").as_int(); }) ==
        "--count: must be a whole number, not 'a few: ]'");
  CHECK(error_of([&] { word("").as_int(); }) == "--count: must be a whole number, not ''");
}

TEST_CASE("nesting without end is refused in words") {
  const std::string deep = "x: " + std::string(50000, '[') + std::string(50000, ']');
  CHECK_THAT(error_of([&] { parse(deep); }), Catch::Contains("nested too deep"));
  CHECK_THAT(error_of([&] { parse("x: " + std::string(100, '[') + std::string(100, ']')); }),
             Catch::Contains("nested deeper than 64 levels"));
}
