#include "core/file.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

TEST_CASE("ridgeline search, show and export work on plain decisions and a table") {
  const TempFolder folder;
  write_file_atomic(folder / "t.csv", "op,acc\n00,10\n01,20\n10,30\n11,40\n");
  write_file_atomic(
      folder / "e.yaml",
      "name: toy\nspace: {name: toy, decisions: {a: [none, conv], b: [none, conv]}}\n"
      "search: {trials: 8, batch: 4}\ncontroller: {policy: factorised}\n"
      "accuracy: {kind: table, table: {path: t.csv, value: acc, unit: percent, digits: "
      "op, digit_names: [none, conv]}}\n"
      "latency: {kind: none}\nreward: {target_ms: 1}\nruntime: {workers: 1}\n");
  const std::string config = folder / "e.yaml", run = folder / "run";
  CHECK(run_program({"validate", config}).exit_code == 0);
  const Outcome search = run_program({"search", config, "--run", run});
  INFO(search.err);
  REQUIRE(search.exit_code == 0);
  CHECK_THAT(search.out, Catch::Contains("a: conv\n  b: conv\n  accuracy 40.00 % in the trial"));
  CHECK(read_file(folder / "run" / "export" / "architecture.yaml").find("\"a\": \"conv\"") !=
        std::string::npos);
  CHECK_THAT(run_program({"show", run}).out, Catch::Contains("40.00 %"));
  CHECK_THAT(run_program({"show", run, "--trial", "0"}).out,
             !Catch::Contains("parameters") && !Catch::Contains("multiply-adds"));
  CHECK_THAT(run_program({"pareto", run}).out, Catch::Contains("0.4000  -       -  "));
  CHECK_THAT(run_program({"pareto", run, "--csv"}).out, Catch::Contains(",0.4,,,1.1\n"));
  for (const std::string command : {"pareto", "trials"}) {
    CHECK_THAT(run_program({command, run, "--json"}).out,
               Catch::Contains("\"params\": null") && Catch::Contains("\"madds\": null"));
  }
  const Outcome refused =
      run_program({"export", run, "--format", "torchscript", "--out", run + "/x"});
  CHECK(refused.exit_code == 3);
  CHECK_THAT(refused.err, Catch::Contains("plain decisions and has no network to write"));
  write_file_atomic(folder / "t.csv", "op,acc\n00,10\n01,20\n");
  const Outcome incomplete = run_program({"search", config, "--run", run + "2"});
  CHECK(incomplete.exit_code == 4);
  CHECK_THAT(incomplete.err, Catch::Contains("no value for 2 of the 4 points of space toy, the "
                                             "first: a conv, b none"));
}
