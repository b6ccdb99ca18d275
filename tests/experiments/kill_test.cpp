#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "accuracy/evaluators/make_evaluator.h"
#include "controller/policy/make_controller.h"
#include "tests/catch.h"
#include "tests/experiments/rung_evaluator.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

void search_here(const ExperimentConfig& config, const std::filesystem::path& file) {
  const SearchSpace space = config.search_space();
  const auto oracle = make_oracle(config.latency);
  const auto controller = make_controller(config.controller, space.decisions(), config.seed);
  const auto evaluator = make_evaluator(config.accuracy);
  CurveEvaluator with_curves(*evaluator);
  RungEvaluator with_rungs(*evaluator, kRungEpochs);
  const bool stops = config.search.early_stopping.kind != EarlyStoppingKind::kNone;
  InProcessExecutor executor(stops ? static_cast<AccuracyEvaluator&>(with_rungs) : with_curves);
  TrialStore store(file);
  TrialRunner runner(executor, config.failures);
  runner.record_in(store);
  Search(config, {space, {{"", *oracle}}, *controller, runner, store}).run();
}

/// Runs the search in a child that kills itself at its n-th write (0: never); false: it came to its
/// end. All searches of these tests run so, because LibTorch refuses autograd in a child whose
/// parent has used it; for the same reason they are a program of their own.
bool killed_at(int n, const ExperimentConfig& config, const std::filesystem::path& file) {
  const pid_t child = fork();
  if (child == 0) {
    if (n > 0) setenv("RIDGELINE_KILL_AT", std::to_string(n).c_str(), 1);
    try {
      search_here(config, file);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      _exit(1);
    }
    _exit(0);
  }
  REQUIRE(child > 0);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) {
    REQUIRE(WTERMSIG(status) == SIGKILL);
    return true;
  }
  REQUIRE(WEXITSTATUS(status) == 0);
  return false;
}

void search_in_file(const ExperimentConfig& config, const std::filesystem::path& file) {
  REQUIRE_FALSE(killed_at(0, config, file));
}

/// All that a store says of its run, time stamps aside.
std::vector<std::string> content(const std::filesystem::path& file) {
  TrialStore store(file);
  auto texts = comparable(store.trials(Phase::kSearch));
  for (const auto& trial : store.trials(Phase::kSearch)) {
    for (const auto& attempt : store.attempts(trial.id)) {
      texts.push_back("attempt " + std::to_string(attempt.id) + "." +
                      std::to_string(attempt.attempt) + " " + enum_name(attempt.evaluation.status) +
                      " " + ConfigWriter::plain_number(attempt.evaluation.accuracy));
      for (const auto& [epoch, name, value] : attempt.evaluation.metrics)
        texts.back() +=
            " " + std::to_string(epoch) + name + "=" + ConfigWriter::plain_number(value);
    }
  }
  for (const auto& proposal : store.proposals())
    texts.push_back("proposal " + std::to_string(proposal.id) + " " + to_text(proposal.genotype));
  texts.push_back(std::to_string(store.batches()) + " batches");
  for (const auto& checkpoint : store.checkpoints()) {
    texts.push_back("checkpoint " + std::to_string(checkpoint.trials) + " " +
                    std::to_string(checkpoint.history) + checkpoint.state);
  }
  return texts;
}

}  // namespace

TEST_CASE("killed at any write and resumed, a run ends with the store of an undisturbed one") {
  for (const int first_kill : {1, 2, 3}) {  // every third write of each seed
    const auto config = small_config("search.trials=6;runtime.checkpoint_batches=1;seed=" +
                                     std::to_string(first_kill));
    TempFolder folder;
    search_in_file(config, folder / "whole.sqlite");
    const auto expected = content(folder / "whole.sqlite");
    int kills = 0;
    for (int n = first_kill;; n += 3) {
      const auto file = folder / (std::to_string(n) + ".sqlite");
      if (!killed_at(n, config, file)) break;
      ++kills;
      search_in_file(config, file);
      INFO("seed " << first_kill << ", killed at write " << n);
      REQUIRE(content(file) == expected);
    }
    CHECK(kills > 20);
  }
}

TEST_CASE("killed at any write and resumed, a search with early stopping stops the same trials") {
  for (const char* kind : {"asha", "median"}) {
    const auto config =
        rung_config(std::string("search.trials=8;search.batch=4;") +
                    "runtime.checkpoint_batches=1;search.early_stopping.min_trials=1;" +
                    "search.early_stopping.kind=" + kind);
    TempFolder folder;
    search_in_file(config, folder / "whole.sqlite");
    const auto expected = content(folder / "whole.sqlite");
    int kills = 0;
    for (int n = 1;; n += 4) {
      const auto file = folder / (std::to_string(n) + ".sqlite");
      if (!killed_at(n, config, file)) break;
      ++kills;
      search_in_file(config, file);
      INFO(kind << ", killed at write " << n);
      REQUIRE(content(file) == expected);
    }
    CHECK(kills > 10);
  }
}

/// More writes than a group of the journal has here: what is killed before its first commit, each
/// time, cannot get on.
TEST_CASE(
    "killed again and again, soon after each commit, a run still ends as the undisturbed one") {
  const auto config = small_config("search.trials=24;runtime.checkpoint_batches=1");
  TempFolder folder;
  search_in_file(config, folder / "whole.sqlite");
  int kills = 0;
  while (killed_at(80, config, folder / "s.sqlite")) ++kills;
  CHECK(kills > 3);
  CHECK(content(folder / "s.sqlite") == content(folder / "whole.sqlite"));
}
