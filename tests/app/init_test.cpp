#include "core/file.h"
#include "experiments/config.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::contains;
using test::run_program;
using test::shared_data;
using test::TempFolder;

TEST_CASE("init writes an experiment whose target is the median of its space") {
  TempFolder folder;
  const std::string file = folder / "my.yaml";
  const auto made = run_program({"init", "--data", "fractal", "--device", "v100", "--out", file});
  INFO(made.err);
  REQUIRE(made.exit_code == 0);
  const ExperimentConfig config = load_experiment(file, {}, /*strict=*/true);
  CHECK(config.latency.hardware == "v100");
  CHECK(config.latency.batch == 128);
  const auto valid = run_program({"validate", file, "--strict"});
  CHECK(valid.exit_code == 0);
  const size_t share = valid.out.find(" % are within it");
  REQUIRE(share != std::string::npos);
  const int within = std::stoi(valid.out.substr(valid.out.rfind(' ', share - 1)));
  CHECK(within >= 40);
  CHECK(within <= 60);
  const std::string before = read_file(file);
  const auto again = run_program({"init", "--data", "fractal", "--out", file});
  CHECK(again.exit_code == 2);
  CHECK(contains(again.err, "exists already"));
  CHECK(read_file(file) == before);
}

TEST_CASE("init finds the files of an image set, its classes and its size") {
  const std::filesystem::path images = shared_data("images/signdigits32_train_images.idx.gz");
  TempFolder folder;
  const std::string file = folder / "my.yaml";
  const auto made = run_program({"init", "--data", images.parent_path() / "signdigits32",
                                 "--device", "v100", "--target", "0.3ms", "--out", file});
  INFO(made.err);
  REQUIRE(made.exit_code == 0);
  const ExperimentConfig config = load_experiment(file, {}, /*strict=*/true);
  CHECK(config.accuracy.data.kind == DataKind::kIdx);
  CHECK(config.accuracy.data.classes == 10);
  CHECK(config.accuracy.data.idx.test_labels == "signdigits32_test_labels.idx.gz");
  CHECK(config.reward.target_ms == Approx(0.3));
}

TEST_CASE("init refuses what it cannot read and leaves no file") {
  TempFolder folder;
  const std::string file = folder / "my.yaml";
  const auto images = run_program({"init", "--data", folder.path(), "--out", file});
  CHECK(images.exit_code == 2);
  CHECK(contains(images.err, "no images that Ridgeline reads; valid: "));
  const auto device =
      run_program({"init", "--data", "fractal", "--device", "v1000", "--out", file});
  CHECK(device.exit_code == 3);
  CHECK(contains(device.err, "v100"));
  CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("the reference is a valid experiment") {
  TempFolder folder;
  const std::string file = folder / "reference.yaml";
  write_file_atomic(file, run_program({"reference"}).out);
  const auto valid = run_program({"validate", file, "--strict"});
  INFO(valid.err);
  CHECK(valid.exit_code == 0);
}
