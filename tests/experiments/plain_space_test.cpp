#include "experiments/plain_space.h"

#include <cmath>

#include "accuracy/evaluators/make_evaluator.h"
#include "core/file.h"
#include "tables/space_points.h"
#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

constexpr const char* kSpace =
    "{name: toy, decisions: {a: [x, y, z], b: [0, 1, 2, 3], c: {choices: [p, q], active_when: {a: "
    "[y, z]}}}}";

/// A folder with a table of the space: accuracy in percent, latency in ms.
class Tables {
 public:
  explicit Tables(bool complete = true) {
    const SearchSpace space = SearchSpace::from_yaml(YamlView::parse(kSpace, "toy.yaml"));
    std::string text = "a,b,c,acc,ms\n";
    for_each_point(space.decisions(), [&](const Genotype& g) {
      const Architecture point = space.decode(g);
      if (!complete && g[1] == 3) return;
      text += point.decisions[0].choice + "," + point.decisions[1].choice + "," +
              (g[0] > 0 ? point.decisions[2].choice : "-") + "," +
              std::to_string(40 + 10 * g[0] + 5 * g[1] + (g[2] == 1 ? 3 : 0)) + "," +
              std::to_string(2 + g[0] + 3 * g[1]) + "\n";
    });
    write_file_atomic(folder_ / "t.csv", text);
    write_file_atomic(
        folder_ / "e.yaml",
        "name: toy\nspace: " + std::string(kSpace) +
            "\nsearch: {trials: 40, batch: 4}\n"
            "controller: {policy: factorised}\n"
            "accuracy: {kind: table, table: {path: t.csv, value: acc, unit: percent}}\n"
            "latency: {kind: table_file, table_file: {path: t.csv, value: ms}}\n"
            "reward: {target_ms: 5}\nruntime: {executor: in_process}\n");
  }
  ExperimentConfig load(const std::vector<std::string>& settings = {}) const {
    return load_experiment(folder_ / "e.yaml", settings);
  }
  std::string error(const std::vector<std::string>& settings) const {
    return error_of([&] { load(settings); });
  }
  std::filesystem::path store() const { return folder_ / "store.sqlite"; }

 private:
  TempFolder folder_;
};

std::vector<Trial> run_plain(const ExperimentConfig& config, TrialStore& store) {
  const auto evaluator = make_evaluator(config.accuracy);
  InProcessExecutor executor(*evaluator);
  return search_once(config, store, executor);
}

/// The config of configs/benchmarks with its tables in the shared data.
ExperimentConfig benchmark(const std::string& name) {
  const auto root = shared_data("search/search_baselines.csv").parent_path().parent_path();
  const auto file = source_folder() / "configs" / "benchmarks" / (name + ".yaml");
  ExperimentConfig config = load_experiment(file, {"controller.policy=factorised"});
  for (std::string* path : {&config.accuracy.table.path, &config.latency.table_file.path}) {
    const auto at = path->find("/data/");
    if (at != std::string::npos) *path = (root / path->substr(at + 6)).string();
  }
  return config;
}

Trial best_of(const ExperimentConfig& config) {
  TempFolder folder;
  TrialStore store(folder / "store.sqlite");
  run_plain(config, store);
  return store.best(Phase::kSearch).value();
}

}  // namespace

TEST_CASE("a search over plain decisions finds the best row of the tables") {
  const Tables tables;
  const auto config = tables.load();
  CHECK_FALSE(config.scaling.enabled);
  CHECK(config.export_.formats == std::vector<ExportFormat>{ExportFormat::kYaml});
  TrialStore store(tables.store());
  const auto trials = run_plain(config, store);
  CHECK(trials.size() == 40);
  const Trial best = store.best(Phase::kSearch).value();
  CHECK(to_text(best.genotype) ==
        "2.3.1");  // accuracy 0.78 at 13 ms: the table is small, w is gentle
  CHECK(best.accuracy == 0.78);
  CHECK(best.latency_ms() == 13);
  CHECK(best.reward == Approx(0.78 * std::pow(13.0 / 5.0, -0.09)));
  CHECK(best.params == 0);
  CHECK(best.architecture.decisions ==
        std::vector<NamedChoice>{{"a", "z"}, {"b", "3"}, {"c", "q"}});
}

TEST_CASE("a search over plain decisions that was stopped goes on to the same trials") {
  const Tables tables;
  // 17 trials end within a batch, when few of the 20 points are left to be drawn again.
  for (const std::string screening : {"controller.screening=1", "controller.screening=4"}) {
    TempFolder folder;
    TrialStore whole(folder / "whole.sqlite"), store(folder / "s.sqlite");
    run_plain(tables.load({screening}), whole);
    run_plain(tables.load({screening, "search.trials=17"}), store);
    run_plain(tables.load({screening}), store);
    CHECK(comparable(store.trials(Phase::kSearch)) == comparable(whole.trials(Phase::kSearch)));
  }
}

TEST_CASE("a resolved configuration of plain decisions loads as itself") {
  const Tables tables;
  TempFolder folder;
  const auto config = tables.load();
  CHECK(config.accuracy.table.keys == std::vector<std::string>{"a", "b", "c"});
  write_file_atomic(folder / "resolved.yaml", config.resolved());
  CHECK(load_experiment(folder / "resolved.yaml").resolved() == config.resolved());
}

TEST_CASE("a point that the table lacks is a trial of a clear status") {
  const Tables tables(/*complete=*/false);
  const auto config = tables.load({"accuracy.table.missing=fail_trial", "latency.kind=none",
                                   "reward.target_ms=1", "search.max_failures_in_a_row=99"});
  CHECK_THAT(
      error_of([&] { make_evaluator(tables.load().accuracy)->require(config.search_space()); }),
      Catch::Contains("has no value for 5 of the 20 points of space toy"));
  CHECK_NOTHROW(make_evaluator(config.accuracy)->require(config.search_space()));
  TrialStore store(tables.store());
  int missing = 0;
  for (const Trial& trial : run_plain(config, store)) {
    const bool lacks = trial.genotype[1] == 3;
    missing += lacks;
    CHECK(trial.status == (lacks ? TrialStatus::kInvalid : TrialStatus::kComplete));
    if (lacks) CHECK_THAT(trial.cause, Catch::Contains("t.csv, column acc has no value for a "));
  }
  CHECK(missing > 0);
}

TEST_CASE("without latency the reward is the accuracy") {
  const Tables tables;
  TrialStore store(tables.store());
  for (const Trial& trial :
       run_plain(tables.load({"latency.kind=none", "reward.target_ms=1"}), store))
    CHECK(trial.reward == trial.accuracy);
}

TEST_CASE("what needs a network is refused for plain decisions, with its place") {
  const Tables tables;
  CHECK_THAT(
      tables.error({"accuracy.kind=proxy"}),
      Catch::Contains("accuracy.kind: proxy needs networks, and space toy is plain decisions"));
  CHECK_THAT(tables.error({"latency.kind=roofline"}),
             Catch::Contains("latency.kind: roofline needs networks") &&
                 Catch::EndsWith("valid: table_file, surrogate, none"));
  CHECK_THAT(tables.error({"scaling.enabled=true"}), Catch::Contains("no network to scale"));
  CHECK_THAT(tables.error({"export.formats=[yaml, torchscript]"}),
             Catch::Contains("no network to write"));
  CHECK_THAT(tables.error({"reward.limits.params=1000"}), Catch::Contains("have no parameters"));
  CHECK_THAT(tables.error({"latency.kind=none"}),
             Catch::Contains("reward.target_ms: must be 1 with latency.kind none"));
  CHECK_THAT(tables.error({"accuracy.table.keys=[a, b]"}),
             Catch::Contains("lacks the decision 'c'"));
  CHECK_THAT(tables.error({"accuracy.table.keys=[a, b, c, resolution]"}),
             Catch::Contains("'resolution' is no decision of space toy; valid: a, b, c"));
  const auto network = "space={name: n, resolution: 32, stages: [{kernel: [3, 5], filters: 8}]}";
  CHECK_THAT(tables.error({network}),
             Catch::Contains("accuracy.kind: table knows points of plain"));
  CHECK_THAT(tables.error({network, "accuracy.kind=formula"}),
             Catch::Contains("latency.kind: table_file knows points of plain"));
  CHECK_THAT(error_of([&] { make_evaluator(tables.load({"accuracy.table.unit=ms"}).accuracy); }),
             Catch::Contains("accuracy.table.unit: ms is a latency's"));
  CHECK_THAT(
      error_of([&] { make_oracle(tables.load({"latency.table_file.unit=percent"}).latency); }),
      Catch::Contains("latency.table_file.unit: percent is an accuracy's"));
}

TEST_CASE("the ready configurations of tabular benchmarks find the known optimum") {
  const Trial best_macro = best_of(benchmark("nasbench_macro"));
  CHECK(best_macro.accuracy == Approx(0.931267).margin(1e-9));
  CHECK(to_text(best_macro.genotype) == "2.2.2.1.2.2.0.2");
  CHECK(best_of(benchmark("nasbench201_cifar100")).accuracy == Approx(0.7351).margin(5e-5));
  const Trial titan = best_of(benchmark("nasbench201_titan_rtx"));
  CHECK(titan.reward == Approx(0.713316).margin(5e-6));
  CHECK(to_text(titan.genotype) == "2.3.0.1.2.2");
}

TEST_CASE("the ready configurations of Accel-NASBench search a surrogate of their table") {
  for (const char* name : {"accel_nasbench_tpu_v3", "accel_nasbench_a100"}) {
    auto shorter = benchmark(name);
    shorter.search.trials = 200;
    make_evaluator(shorter.accuracy)->require(shorter.search_space());
    const Trial best = best_of(shorter);
    const auto& table = shorter.latency.table_file;
    INFO(name << ", " << table.value << ": accuracy " << best.accuracy << " at "
              << best.latency_ms());
    CHECK(best.accuracy > 0.62);  // the median of the table is 0.607
    CHECK(best.latency_ms() < 2 * shorter.reward.target_ms);
  }
}
