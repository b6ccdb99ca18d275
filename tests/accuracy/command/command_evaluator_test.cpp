#include "accuracy/command/command_evaluator.h"

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "tests/accuracy/small_networks.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// A trial of a program that is this text for sh; its folder is `folder`/trial.
Evaluation run(const TempFolder& folder, const std::string& program) {
  AccuracyConfig config;
  config.kind = AccuracyKind::kCommand;
  config.command = {"sh", "-c", program};
  config.training.epochs = 3;
  TrialSpec spec;
  spec.architecture = small_architecture(10);
  spec.trial_id = 7;
  spec.checkpoint.path = folder / "trial";
  return CommandEvaluator(config,
                          [](const Architecture& architecture, const auto& where) {
                            write_file_atomic(where / "model.py", "# " + architecture.name + "\n");
                          })
      .evaluate(spec);
}

}  // namespace

TEST_CASE("the program finds its network and its task in the folder where it runs") {
  TempFolder folder;
  const Evaluation result =
      run(folder, "cat model.py >&2; cp architecture.yaml kept; echo '{\"accuracy\": 0.5}'");
  CHECK(result.status == TrialStatus::kComplete);
  CHECK(result.accuracy == 0.5);
  CHECK(architecture_from_yaml(YamlView::load_file(folder / "trial/kept")) ==
        small_architecture(10));
  const auto trial = nlohmann::json::parse(read_file(folder / "trial/trial.json"));
  CHECK(trial.at("trial_id") == 7);
  CHECK(trial.at("epochs") == 3);
  CHECK(trial.at("device") == "cpu");
  CHECK(trial.at("seed").get<uint64_t>() < (uint64_t{1} << 31));
}

TEST_CASE("the program is told the normalization, and the evaluator tells it to the exports") {
  TempFolder folder;
  AccuracyConfig config;
  config.kind = AccuracyKind::kCommand;
  config.command = {"sh", "-c", "echo '{\"accuracy\": 0.5}'"};
  config.normalization = Normalization{{0.5}, {0.25}};
  CommandEvaluator evaluator(config);
  CHECK(evaluator.normalization() == config.normalization);
  TrialSpec spec;
  spec.architecture = small_architecture(10);
  spec.checkpoint.path = folder / "trial";
  evaluator.evaluate(spec);
  const auto trial = nlohmann::json::parse(read_file(folder / "trial/trial.json"));
  CHECK(trial.at("normalization").at("std") == std::vector<double>{0.25});
}

TEST_CASE("a program goes on from what an earlier attempt left in the folder") {
  TempFolder folder;
  const std::string program =
      "n=$(cat n 2>/dev/null || echo 0); echo $((n+1)) > n; "
      "[ $n = 0 ] && exit 1; echo \"{\\\"accuracy\\\": 0.$n}\"";
  CHECK(run(folder, program).status == TrialStatus::kCrashed);
  CHECK(run(folder, program).accuracy == 0.1);
}

TEST_CASE("how a program fails is recorded in its words") {
  TempFolder folder;
  const Evaluation code = run(folder, "echo first >&2; echo 'no such column' >&2; exit 3");
  CHECK(code.status == TrialStatus::kCrashed);
  CHECK(code.message == "accuracy.command exited with code 3: no such column");
  const Evaluation killed = run(folder, "kill -9 $$");
  CHECK(killed.message == "accuracy.command was ended by signal 9 (perhaps for lack of memory)");
  const Evaluation memory =
      run(folder, "echo 'torch.cuda.OutOfMemoryError: CUDA out of memory.' >&2; exit 1");
  CHECK(memory.status == TrialStatus::kOutOfMemory);
}

TEST_CASE("a program that is not there is refused, not tried again") {
  AccuracyConfig config;
  config.command = {"no-such-program", "train.py"};
  TrialSpec spec;
  spec.architecture = small_architecture(10);
  try {
    CommandEvaluator(config).evaluate(spec);
    FAIL("must not run");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kConfig);
    CHECK(std::string(error.what()).find("'no-such-program' is no program here") !=
          std::string::npos);
  }
}

TEST_CASE("a program that prints without end is ended, and what it started with it") {
  TempFolder folder;
  const Evaluation result = run(folder, "sleep 1000 & yes");
  CHECK(result.status == TrialStatus::kCrashed);
  CHECK(result.message.find("accuracy.command printed over 16 MiB and was ended") == 0);
}

TEST_CASE("a program that leaves a process behind is not waited for") {
  TempFolder folder;
  CHECK(run(folder, "sleep 1000 & echo '{\"accuracy\": 0.5}'").accuracy == 0.5);
}
