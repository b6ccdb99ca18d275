#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "core/file.h"
#include "experiments/early_stopping.h"
#include "experiments/executors/trial_file.h"
#include "experiments/store/store.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::contains;
using test::run_program;
using test::start_program;
using test::TempFolder;

namespace {

/// A rung after 1 of 2 epochs; two finalists.
std::vector<std::string> stopping_search(const std::string& run, int workers) {
  std::vector<std::string> arguments = {"search", test::source_folder() / "configs/quickstart.yaml",
                                        "--run", run};
  const std::string workers_setting = "runtime.workers=" + std::to_string(workers);
  for (const std::string& setting : std::vector<std::string>{
           "search.trials=4", "search.batch=4", "search.early_stopping.kind=asha",
           "search.early_stopping.reduction=2", "accuracy.training.epochs=2",
           "accuracy.data.train_per_class=8", "accuracy.data.test_per_class=4",
           "accuracy.data.classes=3", "final_training.epochs=2", "final_training.finalists=2",
           "scaling.enabled=false", "export.formats=[yaml]", "runtime.dry_trial=false",
           "runtime.trial_checkpoint_s=0.05", workers_setting}) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  return arguments;
}

std::vector<std::string> results(const std::filesystem::path& run) {
  std::vector<std::string> texts;
  TrialStore store(run / "store.sqlite", /*read_only=*/true);
  for (const Phase phase : {Phase::kSearch, Phase::kFinalists, Phase::kFinal}) {
    for (const auto& t : store.trials(phase)) {
      texts.push_back(std::to_string(t.id) + " " + to_text(t.genotype) + " " + enum_name(t.status) +
                      " " + std::to_string(t.stopped_at_epoch) + " " +
                      ConfigWriter::plain_number(t.accuracy) + " " +
                      ConfigWriter::plain_number(t.loss) + " " +
                      ConfigWriter::plain_number(t.reward) + " " + t.cause);
    }
  }
  return texts;
}

/// Kills the run as soon as the store holds `attempts` attempts at trials from `first_id` on;
/// false: it came to its end.
bool kill_after(int process, const std::filesystem::path& run, uint64_t first_id, size_t attempts) {
  int status = 0;
  while (waitpid(process, &status, WNOHANG) == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (!std::filesystem::exists(run / "store.sqlite")) continue;
    try {
      const auto all = TrialStore(run / "store.sqlite", /*read_only=*/true).recorded_attempts();
      const auto found = std::count_if(all.begin(), all.end(), [&](const RecordedAttempt& attempt) {
        return attempt.result.id >= first_id;
      });
      if (static_cast<size_t>(found) < attempts) continue;
    } catch (const Error&) {
      continue;  // it is being made
    }
    kill(process, SIGKILL);
    waitpid(process, &status, 0);
    return WIFSIGNALED(status);
  }
  return false;
}

}  // namespace

TEST_CASE("a training that is left at an epoch goes on to the bits of an undisturbed one") {
  TempFolder folder;
  TrialFile file;
  file.accuracy.data.classes = 3;
  file.accuracy.data.fractal.image_size = 16;
  file.accuracy.data.fractal.train_per_class = 8;
  file.accuracy.data.fractal.test_per_class = 4;
  file.accuracy.training.batch = 12;
  file.accuracy.training.ema_decay = 0.9;
  file.spec.epochs = 6;
  file.spec.architecture.classes = 3;
  file.spec.architecture.resolution = 16;
  file.spec.architecture.stem = {.filters = 8};
  file.spec.architecture.stages.resize(1);
  file.spec.architecture.stages[0].filters = 8;
  file.spec.architecture.head = {.filters = 16, .dropout = 0.2};
  const auto evaluate = [&](int stop_after, const std::string& checkpoint) {
    file.spec.stop_after_epoch = stop_after;
    write_trial_file(folder / "spec.json", file);
    std::vector<std::string> arguments = {"trial", folder / "spec.json", folder / "result.json"};
    if (!checkpoint.empty())
      arguments.insert(arguments.end(), {"--checkpoint", folder / checkpoint});
    const auto outcome = run_program(arguments);
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
    return std::pair(read_result_file(folder / "result.json"), outcome.err);
  };
  for (const int processes : {1, 2}) {
    file.accuracy.training.processes = processes;
    const std::string kept = "checkpoint" + std::to_string(processes);
    const auto whole = evaluate(0, "").first;
    const auto without = evaluate(2, "").first;
    const auto first = evaluate(2, kept).first;
    CHECK(first.status == TrialStatus::kStopped);
    CHECK(last_epoch(first) == 2);
    CHECK(first.accuracy == without.accuracy);
    CHECK(first.loss == without.loss);
    const auto again = evaluate(2, kept);  // killed before its result was recorded
    CHECK(again.first.accuracy == first.accuracy);
    CHECK(again.first.loss == first.loss);
    const auto second = evaluate(4, kept);
    CHECK(contains(second.second, "the training continues in epoch 2"));
    CHECK(second.first.status == TrialStatus::kStopped);
    const auto back = evaluate(1, kept);  // a checkpoint of a later epoch is of no use
    CHECK(contains(back.second, "the checkpoint is of a later epoch than 1"));
    const auto last = evaluate(0, kept).first;
    CHECK(last.status == TrialStatus::kComplete);
    CHECK(last.accuracy == whole.accuracy);
    CHECK(last.loss == whole.loss);
    const auto curve = [](Evaluation evaluation) {
      std::erase_if(evaluation.metrics, [](const Metric& m) { return m.name == "images_per_s"; });
      std::vector<std::pair<int, double>> points;
      for (const Metric& m : evaluation.metrics) points.emplace_back(m.epoch, m.value);
      return points;
    };
    CHECK(curve(last) == curve(whole));
  }
}

TEST_CASE("early stopping and finalists are the same with 1 and 2 workers, and after kills") {
  TempFolder folder;
  const auto whole = run_program(stopping_search(folder / "whole", 1));
  INFO(whole.err);
  REQUIRE(whole.exit_code == 0);
  const auto expected = results(folder / "whole");
  REQUIRE(expected.size() == 4 + 2 + 1);
  CHECK(contains(whole.out, "early stopping (asha): "));
  CHECK(contains(whole.out, " epochs trained, "));
  CHECK(contains(whole.out, "reward after epoch 1 against the final one: "));
  CHECK(contains(whole.out, "finalists: the search's figures beside those of a full training"));
  CHECK(contains(whole.out, "winner"));
  TrialStore store(std::filesystem::path(folder / "whole") / "store.sqlite", /*read_only=*/true);
  for (const Trial& t : store.trials(Phase::kSearch)) {
    if (t.reused_from < 0) CHECK((t.stopped_at_epoch > 0) == (t.status == TrialStatus::kStopped));
  }

  CHECK(kill_after(start_program(stopping_search(folder / "run", 2)), folder / "run", 0, 3));
  CHECK(kill_after(start_program({"resume", folder / "run"}), folder / "run", kFirstFinalistId, 1));
  const auto resumed = run_program({"resume", folder / "run"});
  INFO(resumed.err);
  REQUIRE(resumed.exit_code == 0);
  CHECK(results(folder / "run") == expected);
}
