#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/error.h"
#include "core/file.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using Catch::Contains;
using test::Outcome;
using test::run_program;
using test::start_program;
using test::TempFolder;
namespace fs = std::filesystem;

namespace {

constexpr const char* kArchitecture = R"(
name: small
resolution: 32
classes: 10
stem: {filters: 8, kernel: 3, stride: 2, activation: relu}
stages:
  - {operator: mbconv, kernel: 3, expansion: 2, se_ratio: 0.25, filters: 8, layers: 1, stride: 2, activation: relu}
  - {operator: fused_mbconv, kernel: 3, expansion: 2, se_ratio: 0, filters: 16, layers: 2, stride: 2, activation: swish}
head: {filters: 32, activation: relu}
)";

constexpr const char* kTraining = R"(
data:
  kind: fractal
  classes: 3
  image_size: 16
  train_per_class: 60
  test_per_class: 10
resolution: 16
start_resolution: 12
training: {epochs: 6, batch: 16, ema_decay: 0.9, flip: true}
checkpoint_every_s: 0.1
)";

void write_files(const TempFolder& folder) {
  std::ofstream(folder / "net.yaml") << kArchitecture;
  std::ofstream(folder / "train.yaml") << kTraining;
}

std::vector<std::string> train_command(const TempFolder& folder, const std::string& out,
                                       const std::vector<std::string>& more = {}) {
  std::vector<std::string> command = {
      "train", folder / "net.yaml", "--config", folder / "train.yaml", "--out", folder / out};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

bool wait_for_file(const fs::path& file, int process) {
  for (int tries = 0; tries < 3000; ++tries) {
    if (fs::exists(file)) return true;
    if (waitpid(process, nullptr, WNOHANG) == process) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace

TEST_CASE(
    "A training that is killed and started again ends with the weights of an undisturbed one") {
  const TempFolder folder;
  write_files(folder);
  const Outcome whole = run_program(train_command(folder, "whole"));
  INFO(whole.err);
  REQUIRE(whole.exit_code == 0);
  CHECK_THAT(whole.out, Contains("validation accuracy") && Contains("test accuracy"));
  CHECK_THAT(whole.err, Contains("epoch 6/6") && Contains("images/s"));
  for (int kills = 0; kills < 3; ++kills) {
    const int process = start_program(train_command(folder, "killed"));
    const bool begun = wait_for_file(folder / "killed/last.checkpoint", process);
    if (!begun) break;  // it was too fast to be killed
    std::this_thread::sleep_for(std::chrono::milliseconds(40));
    kill(process, SIGKILL);
    waitpid(process, nullptr, 0);
  }
  const Outcome last = run_program(train_command(folder, "killed"));
  INFO(last.err);
  REQUIRE(last.exit_code == 0);
  for (const char* file : {"best.safetensors", "last.safetensors", "result.yaml"})
    CHECK(read_file(folder / "killed" / file) == read_file(folder / "whole" / file));
  // Once more: it is finished, and says the same.
  const Outcome again = run_program(train_command(folder, "whole"));
  CHECK(again.out == whole.out);
  CHECK_THAT(again.err, Contains("is finished"));
}

TEST_CASE("Two processes train as one does") {
  const TempFolder folder;
  write_files(folder);
  const auto train = [&](const std::string& out, const std::string& processes) {
    // The batches are the same, so the losses differ by rounding.
    const Outcome outcome = run_program(train_command(
        folder, out, {"--set", "training.processes=" + processes, "--set", "training.epochs=2"}));
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
    const std::string csv = read_file(folder / out / "metrics.csv");
    const size_t at = csv.rfind("train_loss,");
    return std::stod(csv.substr(at + std::string("train_loss,").size()));
  };
  CHECK(train("one", "1") == Approx(train("two", "2")).epsilon(0.01));
}

TEST_CASE("A published network is trained for the data's classes and exported") {
  const TempFolder folder;
  write_files(folder);
  Outcome outcome = run_program({"train", "resnet18", "--config", folder / "train.yaml", "--set",
                                 "training.epochs=1", "--set", "resolution=32", "--set",
                                 "start_resolution=0", "--out", folder / "trained"});
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  CHECK_THAT(read_file(folder / "trained/architecture.yaml"),
             Contains("resnet18") && Contains("classes: 3") && Contains("resolution: 32") &&
                 Contains("normalization:"));
  outcome = run_program({"export", folder / "trained", "--format", "yaml,torchscript,summary,card",
                         "--out", folder / "exported"});
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  CHECK_THAT(read_file(folder / "exported/README.md"), Contains("3 classes"));
  outcome = run_program({"verify", folder / "exported/model.ts.pt"});
  CHECK(outcome.exit_code == 0);
}

TEST_CASE("What cannot be trained is refused before anything is written") {
  const TempFolder folder;
  write_files(folder);
  const auto refused = [&](const std::vector<std::string>& arguments, int exit_code,
                           const std::string& part) {
    const Outcome outcome = run_program(arguments);
    INFO(outcome.err);
    CHECK(outcome.exit_code == exit_code);
    CHECK_THAT(outcome.err, Contains(part));
    CHECK_FALSE(fs::exists(folder / "out"));
  };
  const std::string net = folder / "net.yaml", train = folder / "train.yaml";
  refused({"train", net, "--out", folder / "out"}, 2, "--config FILE is needed");
  std::ofstream(folder / "no_data.yaml") << "training: {epochs: 1}\n";
  refused({"train", net, "--config", folder / "no_data.yaml", "--out", folder / "out"}, 3,
          "lacks data");
  refused({"train", "resnet51", "--config", train, "--out", folder / "out"}, 3, "resnet50");
  refused(train_command(folder, "out", {"--set", "start_resolution=4"}), 3, "start_resolution");
  refused(train_command(folder, "out", {"--set", "training.epoch=4"}), 3, "epochs");
  refused(train_command(folder, "out", {"--set", "preset=imagenet"}), 3, "efficientnet_x");
  refused(train_command(folder, "out", {"--set", "training.device=cuda:99"}), 3, "cuda:99");
  refused({"train", net, "--config", (test::source_folder() / "configs/quickstart.yaml").string(),
           "--out", folder / "out"},
          3, "is an experiment");
}

TEST_CASE("A folder of another training is left alone") {
  const TempFolder folder;
  write_files(folder);
  const std::vector<std::string> short_one = {"--set", "training.epochs=1"};
  REQUIRE(run_program(train_command(folder, "out", short_one)).exit_code == 0);
  const std::string before = read_file(folder / "out/best.safetensors");
  const Outcome other = run_program(train_command(folder, "out"));
  CHECK(other.exit_code == static_cast<int>(ErrorKind::kRun));
  CHECK_THAT(other.err, Contains("holds another training") && Contains("epochs: 1"));
  CHECK(read_file(folder / "out/best.safetensors") == before);
  // Another pause between checkpoints is not another training.
  std::vector<std::string> other_pause = short_one;
  other_pause.insert(other_pause.end(), {"--set", "checkpoint_every_s=7"});
  CHECK(run_program(train_command(folder, "out", other_pause)).exit_code == 0);
  // A folder of something else, with a file of the name of ours.
  fs::create_directory(folder / "mine");
  std::ofstream(folder / "mine/config.yaml") << "my: settings";
  CHECK(run_program(train_command(folder, "mine")).exit_code != 0);
  CHECK(read_file(folder / "mine/config.yaml") == "my: settings");
  CHECK_FALSE(fs::exists(folder / "mine/lock"));
  fs::create_directory(folder / "full");
  std::ofstream(folder / "full/letter.txt") << "dear";
  CHECK(run_program(train_command(folder, "full")).exit_code == static_cast<int>(ErrorKind::kRun));
}

TEST_CASE("A training of a run starts from the run's images and recipe") {
  const TempFolder folder;
  write_files(folder);
  std::ofstream(folder / "search.yaml") << R"(
space: tiny
search: {trials: 1}
latency: {kind: roofline, hardware: v100, batch: 128}
reward: {target_ms: 1}
runtime: {executor: in_process, dry_trial: false}
scaling: {enabled: false}
accuracy:
  data: {kind: fractal, classes: 3, image_size: 16, train_per_class: 20, test_per_class: 5}
  training: {epochs: 1, batch: 16, learning_rate: 0.037, flip: true}
final_training: {epochs: 1}
)";
  const Outcome searched = run_program({"search", folder / "search.yaml", "--run", folder / "run"});
  INFO(searched.err);
  REQUIRE(searched.exit_code == 0);
  const Outcome trained = run_program({"train", folder / "run", "--set", "training.epochs=2",
                                       "--set", "data.seed=5", "--out", folder / "out"});
  INFO(trained.err);
  REQUIRE(trained.exit_code == 0);
  CHECK_THAT(read_file(folder / "out/config.yaml"),
             Contains("learning_rate: 0.037") && Contains("flip: true") && Contains("epochs: 2") &&
                 Contains("train_per_class: 20") && Contains("seed: 5"));
  // A preset replaces the recipe.
  const Outcome preset =
      run_program({"train", folder / "run", "--set", "preset=efficientnet_x", "--set",
                   "training.epochs=1", "--set", "training.batch=16", "--out", folder / "x"});
  INFO(preset.err);
  REQUIRE(preset.exit_code == 0);
  CHECK_THAT(read_file(folder / "x/config.yaml"), Contains("optimizer: rmsprop"));
}
