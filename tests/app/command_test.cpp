#include <nlohmann/json.hpp>

#include "core/file.h"
#include "experiments/store/store.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::contains;
using test::run_program;
using test::TempFolder;

namespace {

/// A search of few candidates that `program` trains, in `folder`/run.
test::Outcome search_with(const TempFolder& folder, const std::string& program, int trials,
                          const std::vector<std::string>& more = {}) {
  write_file_atomic(folder / "e.yaml",
                    "name: own\n"
                    "space:\n"
                    "  resolution: 32\n  classes: 2\n"
                    "  stem: {filters: [4, 8], kernel: 3, stride: 2, activation: relu}\n"
                    "  stages:\n"
                    "    - {filters: [8, 12, 16, 24], layers: [1, 2], stride: 2, kernel: [3, 5]}\n"
                    "  head: {filters: 16}\n"
                    "latency: {kind: roofline, hardware: v100, batch: 128}\n"
                    "reward: {target_ms: 0.1}\n"
                    "runtime: {preflight: warn, dry_trial: false, workers: 1}\n"
                    "final_training: {epochs: 0}\n"
                    "scaling: {enabled: false}\n"
                    "accuracy:\n  kind: command\n  command: " +
                        program + "\n  training: {epochs: 2, batch: 4}\n");
  std::vector<std::string> arguments = {"search", folder / "e.yaml",
                                        "--run",  folder / "run",
                                        "--set",  "search.trials=" + std::to_string(trials)};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_program(arguments);
}

}  // namespace

TEST_CASE("candidates are trained by the user's own program") {
  TempFolder folder;
  write_file_atomic(folder / "train.sh",
                    "grep -q 'class Network' model.py || exit 9\n"
                    "id=$(sed -n 's/.*\"trial_id\": \\([0-9]*\\).*/\\1/p' trial.json)\n"
                    "echo 'a line of the log'\n"
                    "echo \"{\\\"step\\\": 1, \\\"loss\\\": 2, \\\"accuracy\\\": 0.$id}\"\n");
  const auto outcome = search_with(folder, "[sh, train.sh]", 4);
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  CHECK(contains(outcome.err, "accuracy.command left no weights"));
  const auto trials = TrialStore(folder / "run/store.sqlite", true).trials(Phase::kSearch);
  REQUIRE(trials.size() == 4);
  for (const Trial& trial : trials) {
    if (trial.reused_from >= 0) continue;
    CHECK(trial.status == TrialStatus::kComplete);
    CHECK(trial.accuracy == Approx(static_cast<double>(trial.id) / 10));
  }
  CHECK(contains(run_program({"show", folder / "run", "--trial", "0"}).out, "accuracy"));
}

TEST_CASE("a program that fails is recorded with its last words") {
  TempFolder folder;
  search_with(folder, "[sh, -c, 'echo no images >&2; exit 1']", 2, {"--set", "failures.retries=0"});
  const auto trials = TrialStore(folder / "run/store.sqlite", true).trials(Phase::kSearch);
  REQUIRE_FALSE(trials.empty());
  CHECK(trials[0].status == TrialStatus::kCrashed);
  CHECK(trials[0].cause == "accuracy.command exited with code 1: no images");
}

TEST_CASE("kind command needs a command") {
  TempFolder folder;
  const auto outcome = search_with(folder, "~", 2);
  CHECK(outcome.exit_code == 3);
  CHECK(contains(outcome.err, "accuracy.command: accuracy.kind command needs a program"));
}

TEST_CASE("the example trains the candidates of an image folder in PyTorch") {
  const std::string python = test::python_with("torchvision");
  TempFolder folder;
  const std::string make_images =
      python +
      " -c '\n"
      "import os, random, sys\n"
      "from PIL import Image\n"
      "random.seed(1)\n"
      "for split, count in ((\"train\", 8), (\"val\", 4)):\n"
      "  for name, shade in ((\"dark\", 40), (\"light\", 200)):\n"
      "    os.makedirs(os.path.join(sys.argv[1], split, name))\n"
      "    for i in range(count):\n"
      "      color = tuple(shade + random.randint(-30, 30) for _ in range(3))\n"
      "      Image.new(\"RGB\", (40, 36), color).save(os.path.join(sys.argv[1], split, name, "
      "\"%d.png\" % i))\n"
      "' ";
  REQUIRE(std::system((make_images + (folder / "images").string()).c_str()) == 0);
  const auto outcome = search_with(
      folder,
      "[" + python + ", " + (test::source_folder() / "examples/pytorch/train.py").string() +
          ", --data, images]",
      2);
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  const auto trials = TrialStore(folder / "run/store.sqlite", true).trials(Phase::kSearch);
  REQUIRE(trials.size() == 2);
  for (const Trial& trial : trials) {
    INFO(trial.cause);
    CHECK(trial.status == TrialStatus::kComplete);
    CHECK(trial.accuracy >= 0.25);
  }
  CHECK(std::filesystem::exists(folder / "run/export/model.ts.pt"));
  CHECK_FALSE(contains(outcome.err, "weights are random"));
}
