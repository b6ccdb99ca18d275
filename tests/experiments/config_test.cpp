#include "experiments/config.h"

#include "core/file.h"
#include "experiments/config_places.h"
#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// The message with which `--strict` refuses the experiment file `text`, without the file's folder;
/// empty: every key is used.
std::string strict_error(const std::string& text, const std::vector<std::string>& settings = {}) {
  TempFolder folder;
  write_file_atomic(folder / "e.yaml", text);
  CHECK_NOTHROW(load_experiment(folder / "e.yaml", settings));
  const std::string message =
      error_of([&] { load_experiment(folder / "e.yaml", settings, /*strict=*/true); });
  const std::string prefix = folder.path().string() + "/";
  return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}

}  // namespace

TEST_CASE("the shipped experiments load, every key is used, and they resolve to the same again") {
  int files = 0;
  for (const auto* sub : {"configs", "configs/benchmarks"}) {
    for (const auto& entry : std::filesystem::directory_iterator(source_folder() / sub)) {
      if (entry.path().extension() != ".yaml") continue;
      ++files;
      INFO(entry.path());
      TempFolder folder;
      const auto config = load_experiment(entry.path(), {}, /*strict=*/true);
      write_file_atomic(folder / "resolved.yaml", config.resolved());
      CHECK(load_experiment(folder / "resolved.yaml", {}, true).resolved() == config.resolved());
    }
  }
  CHECK(files >= 7);
}

TEST_CASE("configs/reference.yaml documents every key with its default") {
  CHECK(read_file(source_folder() / "configs/reference.yaml") == reference_config());
}

TEST_CASE("the reference holds the keys of kinds that are not chosen as comments") {
  const std::string text = reference_config();
  CHECK_THAT(text, Catch::Contains("\n  # measured: cpu, cuda or cuda:N\n  #device: \"cpu\"\n") &&
                       Catch::Contains("\n  # mnas_soft: exponent, negative") &&
                       Catch::Contains("\n  w: -0.09\n") &&
                       Catch::Contains("\n  #hard_exponent: -1.0\n") &&
                       Catch::Contains("\n  #table:\n    # CSV file") &&
                       Catch::Contains("\n    #partition: \"\"\n"));
  TempFolder folder;
  std::string all = text;  // with the comments' keys as keys
  for (size_t at = 0; (at = all.find('#', at)) != std::string::npos; ++at) {
    if (std::isalpha(static_cast<unsigned char>(all[at + 1]))) all.erase(at, 1);
  }
  write_file_atomic(folder / "all.yaml", all);
  const auto config = load_experiment(folder / "all.yaml");
  CHECK(config.resolved() ==
        load_experiment(source_folder() / "configs/reference.yaml").resolved());
}

TEST_CASE("a key that the chosen kind does not use is reported with its place and its kinds") {
  const std::string space = "space: tiny\n";
  CHECK(strict_error(space + "reward: {kind: tunas, w: -0.07}\n") ==
        "e.yaml:2:23: reward.w: has no effect with reward.kind tunas; used by: mnas_soft");
  CHECK(strict_error(space + "latency:\n  kind: roofline\n  device: cuda\n") ==
        "e.yaml:4:3: latency.device: has no effect with latency.kind roofline; used by: measured");
  CHECK(strict_error(space + "accuracy:\n  kind: formula\n  training:\n    epochs: 3\n") ==
        "e.yaml:4:3: accuracy.training: has no effect with accuracy.kind formula; used by: proxy, "
        "supernet, command");
  CHECK(strict_error(space, {"accuracy.kind=formula", "accuracy.training.epochs=3"}) ==
        "--set accuracy.training.epochs: accuracy.training: has no effect with accuracy.kind "
        "formula; used by: proxy, supernet, command");
  CHECK(strict_error(space, {"accuracy.data.path=x"}) ==
        "--set accuracy.data.path: has no effect with accuracy.data.kind fractal; used by: idx, "
        "cifar10, cifar100, folder");
  CHECK(strict_error(space + "controller: {policy: factorised, hidden: 8}\n") ==
        "e.yaml:2:34: controller.hidden: has no effect with controller.policy factorised; used by: "
        "lstm");
  CHECK(strict_error(space + "controller: {kind: random, hidden: 8, screening: 4}\n") ==
        "e.yaml:2:28: controller.hidden: has no effect with controller.kind random; used by: "
        "reinforce, ppo");
  CHECK(strict_error(space, {"search.importance_clip=3"}) ==
        "--set search.importance_clip: has no effect with search.mode synchronous; used by: "
        "asynchronous");
  CHECK(strict_error(space + "runtime: {slurm: {partition: gpu}}\n") ==
        "e.yaml:2:11: runtime.slurm: has no effect with runtime.executor local; used by: slurm");
  CHECK(strict_error(space +
                     "accelerators: [{name: a, target_ms: 1, hardware: v100, threads: 2}]\n") ==
        "e.yaml:2:56: accelerators[0].threads: has no effect with accelerators[0].kind roofline; "
        "used by: measured");
  TempFolder folder;
  write_file_atomic(folder / "e.yaml", space + "reward: {kind: tunas, alpha: ~}\n");  // left out
  CHECK_NOTHROW(load_experiment(folder / "e.yaml", {}, /*strict=*/true));
}

TEST_CASE("a key that is not used changes nothing, but is checked") {
  const std::string text = "space: tiny\nlatency: {kind: roofline}\naccuracy: {kind: formula}\n";
  TempFolder folder;
  write_file_atomic(folder / "e.yaml", text);
  const auto plain = load_experiment(folder / "e.yaml");
  const auto more =
      load_experiment(folder / "e.yaml", {"latency.device=cuda", "accuracy.training.epochs=3",
                                          "reward.hard_exponent=-2", "final_training.epochs=7"});
  CHECK(more.latency.measured.device == "cpu");
  CHECK(more.result_identity() == plain.result_identity());
  CHECK(more.resolved() == plain.resolved());
  CHECK(error_for(text, {"latency.threads=many"}) ==
        "--set latency.threads: must be a whole number, not 'many'");
  CHECK(error_for(text, {"accuracy.training.optimizer=sdg"})
            .starts_with("--set accuracy.training.optimizer: 'sdg' is not one of: "));
  CHECK(error_for(text, {"accuracy.training.epoch=3"})
            .starts_with("--set accuracy.training.epoch: unknown key; did you mean 'epochs'?"));
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
        "importance_clip, max_latency_ratio, failure_reward, max_failures_in_a_row, filter, "
        "early_stopping");
  CHECK(error_for("space: tiny\nsearch: {trials: many}\n") ==
        "e.yaml:2:18: search.trials: must be a whole number, not 'many'");
  CHECK(error_for("space: tiny\nsearch: {trials: 0}\n") ==
        "e.yaml:2:18: search.trials: out of range: 0; valid: from 1 to 999999");
  CHECK(error_for("space: tiny\nreward: {target_ms: 75mm}\n") ==
        "e.yaml:2:21: reward.target_ms: must be a number, with or without its unit ms, not '75mm'");
  CHECK(error_for("space: tiny\nreward: {target: 75}\n")
            .find("reward.target: unknown key; did you mean 'target_ms'?") != std::string::npos);
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
  write_file_atomic(folder / "e.yaml", "space: tiny\nlatency: {hardware: mine.yaml}\n");
  CHECK(load_experiment(folder / "e.yaml").latency.hardware == (folder / "mine.yaml").string());
  write_file_atomic(folder / "e.yaml", "space: tiny\nlatency: {kind: table, table: cpu.json}\n");
  CHECK(load_experiment(folder / "e.yaml").latency.table == (folder / "cpu.json").string());
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

TEST_CASE("errors about a value of the file say where it stands") {
  TempFolder folder;
  const auto message = [&](const std::string& text, const std::string& thrown) {
    write_file_atomic(folder / "e.yaml", text);
    const ExperimentConfig config = load_experiment(folder / "e.yaml");
    const std::string place = folder.path().string() + "/";
    const std::string found =
        error_of([&] { at_places(config, [&] { throw Error(ErrorKind::kInfeasible, thrown); }); });
    return found.starts_with(place) ? found.substr(place.size()) : found;
  };
  CHECK(message("space: tiny\nreward: {target_ms: 5}\n", "reward.target_ms: out of reach: x") ==
        "e.yaml:2:21: reward.target_ms: out of reach: x");
  CHECK(message("space: tiny\naccelerators: [{name: a, target_ms: 5}]\n",
                "accelerators[0].target_ms: out of reach") ==
        "e.yaml:2:37: accelerators[0].target_ms: out of reach");
  CHECK(message("space: tiny\nlatency: {hardware: v1000}\n",
                "hardware: no file for 'v1000'; did you mean 'v100'?") ==
        "e.yaml:2:21: latency.hardware: hardware: no file for 'v1000'; did you mean 'v100'?");
  CHECK(message("space: tiny\naccuracy: {data: {kind: cifar10, path: /nowhere}}\n",
                "/nowhere/data_batch_1.bin: no such file") ==
        "e.yaml:2:40: accuracy.data.path: /nowhere/data_batch_1.bin: no such file");
  CHECK(message("space: tiny\n", "reward.target_ms: out of reach") ==
        "reward.target_ms: out of reach");
  CHECK(message("space: tiny\n", "something else") == "something else");
}

TEST_CASE("a warm start that is not there says where the file names it") {
  CHECK(error_for("space: tiny\nsearch: {warm_start: [/nowhere.yaml]}\n")
            .find("e.yaml:2:22: search.warm_start: /nowhere.yaml: no such file") == 0);
}

TEST_CASE("numbers of a file may carry their unit") {
  TempFolder folder;
  write_file_atomic(folder / "e.yaml", "space: tiny\nreward: {target_ms: 800us}\n");
  CHECK(load_experiment(folder / "e.yaml").reward.target_ms == Approx(0.8));
  CHECK(load_experiment(folder / "e.yaml", {"reward.target_ms=2 s"}).reward.target_ms == 2000);
}

TEST_CASE("what trains nothing runs in this process unless the user says otherwise") {
  TempFolder folder;
  write_file_atomic(folder / "e.yaml", "space: tiny\n");
  const auto executor = [&](std::vector<std::string> settings) {
    const auto config = load_experiment(folder / "e.yaml", settings);
    write_file_atomic(folder / "resolved.yaml", config.resolved());
    CHECK(load_experiment(folder / "resolved.yaml").executor() == config.executor());
    return config.executor();
  };
  CHECK(executor({}) == ExecutorKind::kLocal);
  CHECK(executor({"accuracy.kind=formula"}) == ExecutorKind::kInProcess);
  CHECK(executor({"accuracy.kind=formula", "runtime.executor=local"}) == ExecutorKind::kLocal);
  CHECK(executor({"accuracy.kind=formula", "runtime.executor=slurm"}) == ExecutorKind::kSlurm);
  CHECK(executor({"runtime.executor=in_process"}) == ExecutorKind::kInProcess);
  const auto table = load_experiment(source_folder() / "configs/benchmarks/nasbench_macro.yaml");
  CHECK(table.executor() == ExecutorKind::kInProcess);
}
