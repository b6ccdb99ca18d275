#include "experiments/executors/trial_file.h"

#include <limits>

#include "core/file.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

TEST_CASE("a trial's specification and result read back as they were written") {
  TempFolder folder;
  TrialFile file;
  file.accuracy.kind = AccuracyKind::kFormula;
  file.accuracy.training.learning_rate = 0.1 + 0.2;
  file.spec = {.architecture = load_architecture(source_folder() /
                                                 "configs/architectures/efficientnet_b0.yaml"),
               .seed = 18446744073709551615ULL,
               .trial_id = 42,
               .epochs = 3,
               .test_split = true,
               .weights_path = "w.pt"};
  write_trial_file(folder / "t.json", file);
  const TrialFile again = read_trial_file(folder / "t.json");
  CHECK(write_config(again.accuracy) == write_config(file.accuracy));
  CHECK(again.spec.architecture == file.spec.architecture);
  CHECK(again.spec.seed == file.spec.seed);
  CHECK(again.spec.trial_id == 42);
  CHECK(again.spec.epochs == 3);
  CHECK(again.spec.test_split);
  CHECK(again.spec.weights_path == "w.pt");

  write_result_file(folder / "r.json", {TrialStatus::kDiverged,
                                        1.0 / 3,
                                        std::numeric_limits<double>::quiet_NaN(),
                                        2.5,
                                        "why\n\"so\"",
                                        {{1, "train_loss", 0.1 + 0.2}, {2, "train_loss", 0.25}}});
  const Evaluation result = read_result_file(folder / "r.json");
  CHECK(result.status == TrialStatus::kDiverged);
  CHECK(result.accuracy == 1.0 / 3);
  CHECK(result.loss == 0);  // JSON has no NaN
  CHECK(result.message == "why\n\"so\"");
  REQUIRE(result.metrics.size() == 2);
  CHECK(result.metrics[0].name == "train_loss");
  CHECK(result.metrics[0].value == 0.1 + 0.2);
  CHECK(result.metrics[1].epoch == 2);
}

TEST_CASE("a file that is no trial or result is refused by name") {
  TempFolder folder;
  write_file_atomic(folder / "t.json", "{\"format\": 1, \"accuracy\": 3}");
  CHECK(error_of([&] { read_trial_file(folder / "t.json"); }).find("t.json: is no trial file") !=
        std::string::npos);
  write_file_atomic(folder / "t.json", "{\"format\": 1");
  CHECK(error_of([&] {
          read_result_file(folder / "t.json");
        }).find("is no trial file of this version") != std::string::npos);
  write_file_atomic(folder / "t.json", "{\"format\": 2}");
  CHECK(error_of([&] { read_trial_file(folder / "t.json"); }).find("of this version") !=
        std::string::npos);
}
