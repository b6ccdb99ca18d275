#include "experiments/config.h"

#include "core/file.h"
#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {}  // namespace

TEST_CASE("the shipped experiments load, and resolve to files that load as the same") {
  for (const char* name : {"quickstart", "reference", "benchmarks/nasbench201_titan_rtx"}) {
    TempFolder folder;
    const auto config =
        load_experiment(source_folder() / "configs" / (std::string(name) + ".yaml"));
    write_file_atomic(folder / "resolved.yaml", config.resolved());
    CHECK(load_experiment(folder / "resolved.yaml").resolved() == config.resolved());
  }
}

TEST_CASE("configs/reference.yaml documents every key with its default") {
  CHECK(read_file(source_folder() / "configs/reference.yaml") == reference_config());
}

TEST_CASE("--set changes a key, and the value is YAML") {
  const auto file = source_folder() / "configs/quickstart.yaml";
  const auto config = load_experiment(
      file, {"search.trials=7", "scaling.family=[0, 0.5]",
             "space={name: s, resolution: 32, stages: [{kernel: [3, 5], filters: 8}]}"});
  CHECK(config.search.trials == 7);
  CHECK(config.scaling.family == std::vector<double>{0, 0.5});
  CHECK(config.search_space().decisions().size() == 1);
  CHECK(error_of([&] { load_experiment(file, {"search.trials"}); }).find("expected key=value") !=
        std::string::npos);
  CHECK(error_of([&] { load_experiment(file, {"seed.x=1"}); }).find("'seed' holds no keys") !=
        std::string::npos);
  CHECK_THAT(error_of([&] { load_experiment(file, {"search.warm_start=[none.yaml]"}); }),
             Catch::Contains("search.warm_start: ") && Catch::Contains("none.yaml: no such file"));
}

TEST_CASE("the identity of results leaves out name and runtime, and nothing else") {
  const auto file = source_folder() / "configs/quickstart.yaml";
  const auto identity = load_experiment(file).result_identity();
  CHECK(load_experiment(file, {"runtime.workers=9", "name=other"}).result_identity() == identity);
  for (const char* change :
       {"seed=2", "reward.w=-0.07", "accuracy.training.epochs=1", "search.batch=3",
        "scaling.level=2", "latency.batch=1", "space=efficientnet"}) {
    CHECK(load_experiment(file, {change}).result_identity() != identity);
  }
}

TEST_CASE("a mistake in an experiment names file, line, column, and what would be valid") {
  CHECK(error_for("space: tiny\nsearch: {trails: 5}\n") ==
        "e.yaml:2:10: search.trails: unknown key; did you mean 'trials'? valid: mode, trials, "
        "batch, duplicates, warm_start, stop_without_improvement, stop_entropy, stop_after, "
        "importance_clip, max_latency_ratio, failure_reward, max_failures_in_a_row");
  CHECK(error_for("space: tiny\nsearch: {trials: many}\n") ==
        "e.yaml:2:18: search.trials: must be a whole number, not 'many'");
  CHECK(error_for("space: tiny\nsearch: {trials: 0}\n") ==
        "e.yaml:2:18: search.trials: out of range: 0; valid: from 1 to 999999");
  CHECK(error_for("space: tiny\nreward: {target_ms: 75ms}\n") ==
        "e.yaml:2:21: reward.target_ms: must be a number without a unit, not '75ms'");
  CHECK(error_for("seed: 1\n") == "e.yaml:1:1: the key 'space' is missing");
  CHECK(error_for("space: tinny\n")
            .find("e.yaml:1:8: space: spaces: no file for 'tinny'; did you mean 'tiny'?") == 0);
  CHECK(error_for("space: tiny\nreward: {w: 0.09}\n").find("e.yaml:2:13: reward.w: ") == 0);
  CHECK(error_for("space: tiny\nreward: {w: 0.09}\n").find("negative") != std::string::npos);
  CHECK(error_for("space: tiny\nseed: 1\nseed: 2\n") == "e.yaml:3:1: seed: key given twice");
  CHECK(error_for("space: {resolution: 32, stages: []}\n").find("stages: the list is empty") !=
        std::string::npos);
  CHECK(error_for("space: tiny\nname: a/b\n") == "e.yaml:2:7: name: must be a plain folder name");
  CHECK(error_for("").find("e.yaml: the file is empty") == 0);
  CHECK(error_for("space: [tiny\n").find("not valid YAML") != std::string::npos);
  CHECK(error_for("space: tiny\nlatency: {kind: rooflin}\n") ==
        "e.yaml:2:17: latency.kind: 'rooflin' is not one of: roofline, whole_network, power_law, "
        "measured, "
        "table, command, table_file, surrogate, none; did you mean 'roofline'?");
  CHECK(error_for("space: tiny\n", {"reward.w=.5"}).find("reward.w: ") != std::string::npos);
  CHECK(error_of([] { load_experiment("/nowhere/e.yaml"); }) == "/nowhere/e.yaml: no such file");
}

TEST_CASE("files beside the experiment are found from any folder once it is loaded") {
  TempFolder folder;
  write_file_atomic(folder / "mine.yaml", "x: 1\n");
  write_file_atomic(folder / "cpu.json", "{}");
  write_file_atomic(folder / "e.yaml",
                    "space: tiny\nlatency: {hardware: mine.yaml, table: cpu.json}\n");
  const auto config = load_experiment(folder / "e.yaml");
  CHECK(config.latency.hardware == (folder / "mine.yaml").string());
  CHECK(config.latency.table == (folder / "cpu.json").string());
  write_file_atomic(folder / "e.yaml", "space: tiny\nlatency: {hardware: v100}\n");
  CHECK(load_experiment(folder / "e.yaml").latency.hardware == "v100");
}

TEST_CASE("a name that is no plain folder name is refused") {
  TempFolder folder;
  for (const char* name : {"a/b", "..", "a\\nb", ""}) {
    write_file_atomic(folder / "e.yaml", std::string("space: tiny\nname: \"") + name + "\"\n");
    CHECK(error_of([&] {
            load_experiment(folder / "e.yaml");
          }).find(":2:7: name: must be a plain folder name") != std::string::npos);
  }
}

TEST_CASE("an accelerator needs a name of its own and a target") {
  const auto error = [](const std::string& list) {
    return error_for("space: tiny\naccelerators: " + list + "\n");
  };
  CHECK(error("[{name: tpu, hardware: tpu_v3}]") ==
        "e.yaml:2:15: accelerators: accelerator tpu lacks target_ms, the latency in milliseconds "
        "that is wanted on it");
  CHECK(error("[{name: a, target_ms: 1}, {name: a, target_ms: 2}]") ==
        "e.yaml:2:15: accelerators: two accelerators are called 'a'; each needs a name of its own");
}

TEST_CASE("screening where it has no meaning is refused where it stands") {
  const std::string what = "controller.screening: must be 1 with kind random, the baseline that ";
  CHECK(error_for("space: tiny\ncontroller: {kind: random, screening: 4}\n")
            .starts_with("e.yaml:2:39: " + what));
  CHECK(error_for("space: tiny\n", {"controller.kind=random", "controller.screening=4"})
            .starts_with("--set " + what));
}
