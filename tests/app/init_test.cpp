#include "accuracy/images/decode.h"
#include "accuracy/images/encode_png.h"
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

TEST_CASE("init recognises an image folder, and data check looks at it") {
  TempFolder folder;
  Image image(40, 30);
  for (const char* name : {"cat/1", "cat/2", "cat/3", "dog/1", "dog/2"}) {
    image.pixels[0] = static_cast<uint8_t>(name[0] + name[4]);
    make_folder((folder / "images" / name).parent_path());
    write_file_atomic(folder / ("images/" + std::string(name) + ".png"), encode_png(image));
  }
  const std::string file = folder / "my.yaml", cache = folder / "cache";
  const auto made = run_program({"init", "--data", folder / "images", "--device", "v100",
                                 "--target", "0.3ms", "--out", file});
  INFO(made.err);
  REQUIRE(made.exit_code == 0);
  const ExperimentConfig config = load_experiment(file, {}, /*strict=*/true);
  CHECK(config.accuracy.data.kind == DataKind::kFolder);
  CHECK(config.accuracy.data.folder.resolution == 32);  // of the space tiny
  CHECK(config.accuracy.training.flip);
  const std::string setting = "accuracy.data.cache=" + cache, sheet = folder / "sheet.png";
  const auto checked = run_program({"data", "check", file, "--set", setting, "--sheet", sheet});
  CHECK(checked.exit_code == 0);
  CHECK(contains(checked.out, "train: 3 images; smallest class dog 1, largest cat 2"));
  CHECK(read_image_head(read_file(sheet)).width == 8 * 34 - 2);
  write_file_atomic(folder / "images/dog/torn.jpg", "torn");
  const auto torn = run_program({"data", "check", file, "--set", setting});
  CHECK(torn.exit_code == 4);
  CHECK(contains(torn.out, "dog/torn.jpg: not JPEG, PNG or WebP"));
  CHECK(contains(torn.err, "1 image files cannot be read"));
  CHECK(run_program(
            {"data", "check", file, "--set", setting, "--set", "accuracy.data.on_bad_image=skip"})
            .exit_code == 0);
}

TEST_CASE("init writes an experiment for the user's own training program") {
  TempFolder folder;
  const std::string file = folder / "my.yaml", script = folder / "train.py";
  write_file_atomic(script, "print('{\"accuracy\": 0.5}')\n");
  const auto made =
      run_program({"init", "--train-command", "python3 " + script + " --fast", "--classes", "7",
                   "--resolution", "48", "--device", "v100", "--out", file});
  INFO(made.err);
  REQUIRE(made.exit_code == 0);
  const ExperimentConfig config = load_experiment(file, {}, /*strict=*/true);
  CHECK(config.accuracy.kind == AccuracyKind::kCommand);
  CHECK(*config.accuracy.command == std::vector<std::string>{"python3", script, "--fast"});
  CHECK(config.space["classes"].as<int>() == 7);
  CHECK(config.space["resolution"].as<int>() == 48);
  CHECK(run_program({"validate", file, "--strict"}).exit_code == 0);
  const std::string other = folder / "other.yaml";
  const auto unknown = run_program({"init", "--train-command", "python3 x.py", "--out", other});
  CHECK(unknown.exit_code == 2);
  CHECK(contains(unknown.err, "--classes and --resolution"));
  const auto needless =
      run_program({"init", "--data", "fractal", "--classes", "5", "--out", other});
  CHECK(needless.exit_code == 2);
  CHECK_FALSE(std::filesystem::exists(other));
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
