#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "core/csv.h"
#include "core/file.h"
#include "experiments/store/store.h"
#include "tests/accuracy/files.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using Catch::Contains;
using test::run_program;
using test::start_program;
using test::TempFolder;

namespace {

/// `command` on the quickstart with so few images that a training takes a moment.
std::vector<std::string> tiny(const std::vector<std::string>& command, const std::string& out,
                              const std::vector<std::string>& settings = {}) {
  std::vector<std::string> arguments = command;
  arguments.insert(arguments.end(),
                   {test::source_folder() / "configs/quickstart.yaml", "--out", out});
  std::vector<std::string> all = {
      "accuracy.training.epochs=1",     "accuracy.data.train_per_class=8",
      "accuracy.data.test_per_class=2", "accuracy.data.classes=3",
      "accuracy.training.batch=8",      "runtime.dry_trial=false",
      "runtime.executor=in_process"};
  all.insert(all.end(), settings.begin(), settings.end());
  for (const auto& setting : all) arguments.insert(arguments.end(), {"--set", setting});
  return arguments;
}

/// All but the wall time, the last column.
std::string without_seconds(const std::filesystem::path& csv) {
  std::istringstream lines(read_file(csv));
  std::string text;
  for (std::string line; std::getline(lines, line);) text += line.substr(0, line.rfind(',')) + "\n";
  return text;
}

size_t trainings_in(const std::filesystem::path& folder) {
  return TrialStore(folder / "trainings.sqlite", true).recorded_attempts().size();
}

}  // namespace

TEST_CASE("proxy check reads recorded trainings from a table") {
  const auto table = test::shared_data("accelnb/accel_nasbench_proxy_ablation.csv");
  const auto outcome =
      run_program({"proxy", "check", "--table", table, "--proxy",
                   "top1_proxified_seed1,top1_proxified_seed2,top1_proxified_seed3", "--full",
                   "top1_fewproxy_seed1", "top1_fewproxy_seed2", "top1_fewproxy_seed3"});
  REQUIRE(outcome.exit_code == 0);
  CHECK_THAT(outcome.out, Contains("117 networks") && Contains("Kendall tau-b of the means") &&
                              Contains("verdict: good"));
  CHECK(run_program({"proxy", "check", "--table", table, "--proxy", "top1_proxified_seed1",
                     "--full", "top1_proxified_seed1"})
            .exit_code == 2);
  const auto unknown = run_program({"proxy", "check", "--table", table, "--proxy",
                                    "top1_proxified_seed4", "--full", "top1_fewproxy_seed1"});
  CHECK(unknown.exit_code == 4);
  CHECK_THAT(unknown.err, Contains("top1_proxified_seed4"));
  CHECK(run_program({"proxy", "check"}).exit_code == 2);
  CHECK(run_program({"proxy", "check", "--table", table}).exit_code == 2);
}

TEST_CASE("proxy check trains, reports, and trains nothing twice") {
  TempFolder folder;
  const std::string out = folder / "proxy";
  const std::vector<std::string> check = {"proxy",   "check", "--networks",    "4",
                                          "--seeds", "2",     "--full-epochs", "2"};
  const auto outcome = run_program(tiny(check, out));
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  CHECK_THAT(outcome.out, Contains("proxy: 1 epoch; full: 2 epochs; 2 seeds each") &&
                              Contains("standard deviation between seeds") &&
                              Contains("learning curve of the full training") &&
                              Contains("verdict: no verdict: 4 networks are too few"));
  CHECK_THAT(outcome.err, Contains("16 trainings"));
  CHECK(trainings_in(out) == 16);
  for (const char* name : {"report.txt", "curves.csv", "curves.svg", "agreement.svg"})
    CHECK(std::filesystem::exists(folder / "proxy" / name));
  const CsvTable curves = CsvTable::load(folder / "proxy/curves.csv");
  CHECK(curves.rows() == 8 + 8 * 2);
  const std::string report = read_file(folder / "proxy/report.txt");
  REQUIRE(run_program(tiny(check, out)).exit_code == 0);
  CHECK(trainings_in(out) == 16);
  CHECK(read_file(folder / "proxy/report.txt") == report);
  // The scores take the trainings of the proxy from there.
  const auto scores =
      run_program(tiny({"proxy", "scores", "--networks", "4", "--batch", "4"}, out));
  INFO(scores.err);
  REQUIRE(scores.exit_code == 0);
  CHECK(trainings_in(out) == 16);
  for (const char* score : {"synflow", "naswot", "grad_norm", "zen", "madds", "params"})
    CHECK_THAT(scores.out, Contains(score));
  CHECK_THAT(scores.out, Contains("Tanaka et al. 2020") && Contains("4 networks, 1 epoch"));
  CHECK(CsvTable::load(folder / "proxy/scores.csv").rows() == 4);
}

TEST_CASE("a check that is killed goes on to the trainings of an undisturbed one") {
  TempFolder folder;
  const std::vector<std::string> check = {"proxy",   "check", "--networks",    "3",
                                          "--seeds", "1",     "--full-epochs", "3"};
  const std::vector<std::string> settings = {"runtime.executor=local", "runtime.workers=1",
                                             "accuracy.training.epochs=2"};
  REQUIRE(run_program(tiny(check, folder / "whole", settings)).exit_code == 0);
  const int pid = start_program(tiny(check, folder / "killed", settings));
  const auto store = folder / "killed" / std::filesystem::path("trainings.sqlite");
  for (int i = 0; i < 60000 && kill(pid, 0) == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (!std::filesystem::exists(store)) continue;
    try {
      if (trainings_in(folder / "killed") >= 2) break;
    } catch (const Error&) {
    }  // being made
  }
  kill(pid, SIGKILL);
  int status = 0;
  waitpid(pid, &status, 0);
  REQUIRE(trainings_in(folder / "killed") >= 2);
  CHECK_FALSE(std::filesystem::exists(folder / "killed/report.txt"));
  const auto outcome = run_program(tiny(check, folder / "killed", settings));
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  CHECK(trainings_in(folder / "killed") == 6);
  CHECK(without_seconds(folder / "killed/curves.csv") ==
        without_seconds(folder / "whole/curves.csv"));
}

TEST_CASE("proxy design tries reduced trainings and proposes keys that a search reads") {
  TempFolder folder;
  const auto outcome = run_program(
      tiny({"proxy", "design", "--hours", "1", "--networks", "4", "--full-epochs", "3", "--epochs",
            "1", "--resolution", "0.5", "--width", "0.5", "1", "--images", "0.5", "--wanted", "0"},
           folder / "proxy"));
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  CHECK_THAT(outcome.out, Contains("1 epoch, resolution x 0.5, width x 0.5, 0.5 of the images") &&
                              Contains("95 % interval"));
  CHECK(trainings_in(folder / "proxy") == 12);
  for (const char* name : {"design.txt", "design.csv", "design.svg"})
    CHECK(std::filesystem::exists(folder / "proxy" / name));
  CHECK(CsvTable::load(folder / "proxy/design.csv").rows() == 2);
  // A check under the proposal shares the folder: only its proxy is new.
  const auto check = run_program(
      tiny({"proxy", "check", "--networks", "4", "--seeds", "1", "--full-epochs", "3"},
           folder / "proxy", {"accuracy.proxy.resolution=0.5", "accuracy.proxy.images=0.5"}));
  INFO(check.err);
  REQUIRE(check.exit_code == 0);
  CHECK_THAT(check.out, Contains("proxy: 1 epoch, resolution x 0.5, 0.5 of the images"));
  CHECK(trainings_in(folder / "proxy") == 12);
}

TEST_CASE("what cannot be a proxy is refused before anything is trained") {
  TempFolder folder;
  const std::vector<std::string> check = {"proxy", "check", "--networks", "3"};
  auto outcome = run_program(tiny(check, folder / "a", {"accuracy.kind=formula"}));
  CHECK(outcome.exit_code == 3);
  CHECK_THAT(outcome.err, Contains("trains nothing") && Contains("valid: proxy, command"));
  outcome = run_program(tiny(check, folder / "b", {"accuracy.proxy.resolution=0.05"}));
  CHECK(outcome.exit_code == 3);
  CHECK_THAT(outcome.err, Contains("accuracy.proxy") && Contains("resolution"));
  std::vector<std::string> equal = check;
  equal.insert(equal.end(), {"--full-epochs", "1"});
  outcome = run_program(tiny(equal, folder / "c"));
  CHECK(outcome.exit_code == 2);
  CHECK_THAT(outcome.err, Contains("--full-epochs"));
  CHECK(trainings_in(folder / "c") == 0);
}

TEST_CASE("a check whose trainings diverge ends with their cause, and names each") {
  TempFolder folder;
  const auto outcome = run_program(tiny(
      {"proxy", "check", "--networks", "3", "--seeds", "1", "--full-epochs", "2"}, folder / "proxy",
      {"accuracy.training.learning_rate=100", "accuracy.training.weight_decay=1",
       "accuracy.training.schedule=constant", "accuracy.training.batch=2",
       "accuracy.training.warmup_epochs=0", "accuracy.training.gradient_clip=0",
       "accuracy.training.epochs=1"}));
  CHECK(outcome.exit_code == 7);
  CHECK_THAT(outcome.out, Contains("left out, network 0: diverged"));
  CHECK_THAT(outcome.err, Contains("too many trainings failed"));
}

TEST_CASE("a filter trains the better share of the proposals, the same when a run is resumed") {
  TempFolder folder;
  const auto search = [&](const std::string& name, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {
        "search", test::source_folder() / "configs/quickstart.yaml", "--run", folder / name};
    std::vector<std::string> settings = {"search.trials=8",
                                         "search.batch=4",
                                         "controller.kind=random",
                                         "accuracy.training.epochs=1",
                                         "accuracy.data.train_per_class=6",
                                         "accuracy.data.test_per_class=2",
                                         "accuracy.data.classes=2",
                                         "final_training.epochs=1",
                                         "scaling.enabled=false",
                                         "runtime.dry_trial=false",
                                         "runtime.executor=in_process",
                                         "search.max_latency_ratio=0",
                                         "export.formats=[yaml]"};
    settings.insert(settings.end(), more.begin(), more.end());
    for (const auto& setting : settings) arguments.insert(arguments.end(), {"--set", setting});
    return run_program(arguments);
  };
  REQUIRE(search("plain", {}).exit_code == 0);
  const auto filtered =
      search("filtered", {"search.filter.score=params", "search.filter.keep=0.1"});
  INFO(filtered.err);
  REQUIRE(filtered.exit_code == 0);
  const auto trials = [&](const std::string& name) {
    return TrialStore(folder.path() / name / "store.sqlite", true).trials(Phase::kSearch);
  };
  double plain = 0, chosen = 0;
  for (const auto& trial : trials("plain")) plain += static_cast<double>(trial.params) / 8;
  for (const auto& trial : trials("filtered")) chosen += static_cast<double>(trial.params) / 8;
  CHECK(chosen > 1.5 * plain);
  // From the first batch on, as a run that was stopped there.
  REQUIRE(run_program({"fork", folder / "filtered", "--at", "4", folder / "forked"}).exit_code ==
          0);
  REQUIRE(run_program({"resume", folder / "forked"}).exit_code == 0);
  const auto before = trials("filtered"), again = trials("forked");
  REQUIRE(again.size() == before.size());
  for (size_t i = 0; i < before.size(); ++i) {
    CHECK(again[i].genotype == before[i].genotype);
    CHECK(again[i].accuracy == before[i].accuracy);
  }
  const auto refused = search("refused", {"search.filter.score=synflow", "accuracy.kind=formula"});
  CHECK(refused.exit_code == 3);
  CHECK_THAT(refused.err, Contains("search.filter") && Contains("accuracy.kind must be proxy"));
}

TEST_CASE("a search by a zero-cost score trains nothing and calls nothing an accuracy") {
  TempFolder folder;
  const auto search = [&](const std::string& name, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {
        "search", test::source_folder() / "configs/quickstart.yaml", "--run", folder / name};
    std::vector<std::string> settings = {"search.trials=8",
                                         "search.batch=4",
                                         "accuracy.kind=zero_cost",
                                         "accuracy.zero_cost.score=synflow",
                                         "accuracy.zero_cost.batch=4",
                                         "accuracy.zero_cost.reference=20",
                                         "accuracy.data.train_per_class=6",
                                         "scaling.enabled=false",
                                         "export.formats=[yaml]"};
    settings.insert(settings.end(), more.begin(), more.end());
    for (const auto& setting : settings) arguments.insert(arguments.end(), {"--set", setting});
    return run_program(arguments);
  };
  const auto outcome = search("run", {});
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  CHECK_THAT(outcome.out, Contains("zero-cost score (no accuracy)") &&
                              Contains("no share of images") && !Contains("final training"));
  const auto refused = search("refused", {"runtime.executor=local"});
  CHECK(refused.exit_code == 3);
  CHECK_THAT(refused.err, Contains("must be in_process with accuracy.kind zero_cost"));
}

TEST_CASE("images that cannot be trained on are refused, or fail their trials by the policy") {
  TempFolder folder;
  // Ten noisy images of the classes 0 and 1.
  std::string noise;
  for (int i = 0; i < 10 * 16 * 16; ++i) noise += static_cast<char>(i * i * 37 % 251);
  test::write_bytes(folder / "ten", test::idx_bytes({10, 16, 16}, noise));
  test::write_bytes(folder / "labels",
                    test::idx_bytes({10}, std::string("\0\1\0\1\0\1\0\1\0\1", 10)));
  test::write_bytes(folder / "one", test::idx_bytes({1, 16, 16}, noise.substr(0, 256)));
  test::write_bytes(folder / "label", test::idx_bytes({1}, std::string(1, '\0')));
  const auto search = [&](const std::string& name, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {
        "search", test::source_folder() / "configs/quickstart.yaml", "--run", folder / name};
    std::vector<std::string> settings = {"search.trials=4",
                                         "search.batch=2",
                                         "accuracy.training.epochs=1",
                                         "accuracy.data.classes=2",
                                         "final_training.epochs=1",
                                         "scaling.enabled=false",
                                         "runtime.dry_trial=false",
                                         "runtime.executor=in_process",
                                         "export.formats=[yaml]"};
    settings.insert(settings.end(), more.begin(), more.end());
    for (const auto& setting : settings) arguments.insert(arguments.end(), {"--set", setting});
    return run_program(arguments);
  };
  const std::string path = "accuracy.data.path=" + folder.path().string();
  auto outcome = search("single", {"accuracy.data.kind=idx", path, "accuracy.data.train_images=one",
                                   "accuracy.data.train_labels=label"});
  CHECK(outcome.exit_code == 4);
  CHECK_THAT(outcome.err, Contains("class 0 has 1 training images: at least 2"));
  outcome = search("empty", {"accuracy.data.kind=idx", path, "accuracy.data.train_images=ten",
                             "accuracy.data.train_labels=labels", "accuracy.data.classes=3"});
  CHECK(outcome.exit_code == 4);
  CHECK_THAT(outcome.err, Contains("class 2 has 0 training images"));
  outcome = search("strides", {"accuracy.proxy.resolution=0.1"});
  CHECK(outcome.exit_code == 3);
  CHECK_THAT(outcome.err, Contains("the resolution 3 is too small for its strides"));
  // The weights explode within the first steps.
  const std::vector<std::string> exploding = {
      "accuracy.training.learning_rate=100", "accuracy.training.weight_decay=1",
      "accuracy.training.schedule=constant", "accuracy.training.warmup_epochs=0",
      "accuracy.training.gradient_clip=0",   "accuracy.training.batch=2",
      "accuracy.data.train_per_class=30"};
  const auto with = [&](const std::string& setting) {
    std::vector<std::string> settings = exploding;
    settings.push_back(setting);
    return settings;
  };
  const auto trials = [&](const std::string& name) {
    return TrialStore(folder.path() / name / "store.sqlite", true).trials(Phase::kSearch);
  };
  CHECK(search("all", exploding).exit_code == 7);  // went on to the end: no trial is complete
  REQUIRE(trials("all").size() == 4);
  for (const auto& trial : trials("all")) {
    CHECK(trial.status == TrialStatus::kDiverged);
    CHECK_THAT(trial.cause, Contains("epoch 1, step"));
  }
  outcome = search("policy", with("failures.diverged=stop"));
  CHECK(outcome.exit_code == 7);
  CHECK_THAT(outcome.err, Contains("failures.diverged is stop"));
  CHECK(trials("policy").size() == 1);
  outcome = search("row", with("search.max_failures_in_a_row=3"));
  CHECK_THAT(outcome.err, Contains("3 trainings in a row failed"));
  CHECK(trials("row").size() == 3);
}
