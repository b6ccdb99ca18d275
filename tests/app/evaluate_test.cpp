#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/csv.h"
#include "core/file.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;

namespace {

using Json = nlohmann::json;

/// A run of one trial on fractal images with its export, made once.
struct Run {
  TempFolder folder;
  std::string config, run, exported;

  Run() : run((folder / "run").string()), exported((folder / "exported").string()) {
    config = (folder / "experiment.yaml").string();
    std::string text = read_file(source_folder() / "configs/quickstart.yaml");
    text = text.substr(0, text.find("\nsearch:"));
    write_file_atomic(config, text + R"(
search: {trials: 1, batch: 1}
latency: {kind: roofline, hardware: v100, batch: 128}
reward: {kind: mnas_soft, target_ms: 0.4, w: -0.09}
accuracy:
  data: {kind: fractal, classes: 6, train_per_class: 40, test_per_class: 15, image_size: 16}
  training: {epochs: 2, batch: 16}
scaling: {latency_ratio: 1.6, tolerance: 0.5, max_candidates: 1}
final_training: {epochs: 4}
export: {formats: [yaml, torchscript, safetensors, summary]}
)");
    const Outcome search = run_program({"search", config, "--run", run});
    INFO(search.err);
    REQUIRE(search.exit_code == 0);
    const Outcome writing = run_program(
        {"export", run, "--format", "yaml,torchscript,safetensors,summary", "--out", exported});
    INFO(writing.err);
    REQUIRE(writing.exit_code == 0);
  }
};

const Run& trained() {
  static const Run run;
  return run;
}

Outcome evaluate(const std::string& model, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments{"evaluate",       model,       "--data",
                                     trained().config, "--threads", "1"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_program(arguments);
}

}  // namespace

TEST_CASE("evaluate gives the accuracy of the run's final training, from run and exports") {
  const auto summary = Json::parse(read_file(trained().exported + "/summary.json"));
  const double expected = summary.at("accuracy").at("value");
  for (const std::string& model :
       {trained().run, trained().exported, trained().exported + "/model.ts.pt",
        trained().exported + "/weights.pt"}) {
    INFO(model);
    const Outcome outcome = evaluate(model, {"--json"});
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
    const auto result = Json::parse(outcome.out);
    CHECK(result.at("top1").get<double>() == Approx(expected).margin(1e-9));
    CHECK(result.at("split") == "test");
    CHECK(result.at("images") == 90);
    CHECK(result.at("top5").get<double>() >= result.at("top1").get<double>());
    REQUIRE(result.at("classes").size() == 6);
    int64_t right = 0;
    for (size_t i = 0; i < 6; ++i) {
      CHECK(result.at("classes")[i].at("images") == 15);
      right += result.at("confusion")[i][i].get<int64_t>();
    }
    CHECK(static_cast<double>(right) / 90 == Approx(expected));
  }
}

TEST_CASE("evaluate prints words, and writes a table of classes and a picture") {
  const TempFolder folder;
  const std::string csv = (folder / "classes.csv").string();
  const std::string svg = (folder / "confusion.svg").string();
  const Outcome outcome = evaluate(trained().exported + "/model.ts.pt",
                                   {"--split", "validation", "--csv", csv, "--svg", svg});
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  CHECK_THAT(outcome.out, Contains(", validation, 6 classes"));
  CHECK_THAT(outcome.out, Contains("whole images at"));
  CHECK_THAT(outcome.out, Contains("as recorded with the network"));
  CHECK_THAT(outcome.out, Contains("worst classes"));
  const CsvTable table = CsvTable::load(csv);
  REQUIRE(table.rows() == 6);
  CHECK(table.number(0, "images") == 8);  // a fifth of 40 images per class
  CHECK_THAT(read_file(svg), Contains("</svg>"));
  const Outcome limited = evaluate(trained().exported, {"--limit", "12", "--json"});
  CHECK(Json::parse(limited.out).at("images") == 12);
  CHECK(Json::parse(limited.out).at("classes")[5].at("images") == 2);
}

TEST_CASE("evaluate refuses what it cannot score, with the way out") {
  const TempFolder folder;
  const auto refused = [&](const std::vector<std::string>& arguments, int code) {
    const Outcome outcome = run_program(arguments);
    CHECK(outcome.exit_code == code);
    CHECK(outcome.out.empty());
    return outcome.err;
  };
  const std::string& config = trained().config;
  const std::string model = trained().exported + "/model.ts.pt";
  CHECK_THAT(refused({"evaluate", config, "--data", config}, 2),
             Contains("is no file of a network, by its name"));
  CHECK_THAT(refused({"evaluate", (folder / "none.onnx").string(), "--data", config}, 6),
             Contains("there is no such file"));
  CHECK_THAT(refused({"evaluate", folder.path().string(), "--data", config}, 2),
             Contains("holds no trained network"));
  CHECK_THAT(refused({"evaluate", model, "--data", config, "--set", "accuracy.data.classes=4"}, 4),
             Contains("gives 6 outputs per image, but the data has 4 classes"));
  CHECK_THAT(refused({"evaluate", model, "--data", config, "--mean", "0.5"}, 2),
             Contains("--mean and --std belong together"));
  CHECK_THAT(refused({"evaluate", model, "--data", config, "--resolution", "99"}, 2),
             Contains("records that its images have"));
  CHECK_THAT(refused({"evaluate", model, "--data", (folder / "no.yaml").string()}, 3),
             Contains("no.yaml"));
  make_run((folder / "formula").string());
  CHECK_THAT(refused({"evaluate", (folder / "formula").string(), "--data", config}, 5),
             Contains("has no trained network yet"));
  // A file alone says nothing of the images' size.
  std::filesystem::copy(model, folder / "model.ts.pt");
  CHECK_THAT(refused({"evaluate", (folder / "model.ts.pt").string(), "--data", config}, 2),
             Contains("give --resolution"));
  const auto summary = Json::parse(read_file(trained().exported + "/summary.json"));
  const std::string side = std::to_string(summary.at("resolution").get<int>());
  const Outcome alone = run_program({"evaluate", (folder / "model.ts.pt").string(), "--data",
                                     config, "--resolution", side, "--json"});
  CHECK(alone.exit_code == 0);
  // Without the recorded normalization the images are not guessed.
  std::filesystem::copy(trained().exported + "/weights.pt", folder / "weights.pt");
  std::string yaml = read_file(trained().exported + "/architecture.yaml");
  yaml.resize(yaml.find("normalization:"));
  write_file_atomic(folder / "architecture.yaml", yaml);
  const std::string weights = (folder / "weights.pt").string();
  CHECK_THAT(refused({"evaluate", weights, "--data", config}, 2),
             Contains("give --mean and --std, or --data-normalization"));
  const Outcome given =
      run_program({"evaluate", weights, "--data", config, "--data-normalization", "--json"});
  CHECK(Json::parse(given.out).at("top1") == Json::parse(alone.out).at("top1"));
}
