#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <limits>
#include <set>

#include "accuracy/data/augment.h"
#include "accuracy/evaluators/make_evaluator.h"
#include "core/error.h"
#include "core/file.h"
#include "export/bundle.h"
#include "export/onnx.h"
#include "export/python_check.h"
#include "export/torchscript.h"
#include "export/verify.h"
#include "runtime/safetensors.h"
#include "runtime/weights.h"
#include "tests/catch.h"
#include "tests/export/networks.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

TEST_CASE("a bundle holds an equal architecture, the script and the weights, each reported") {
  const TempFolder folder;
  const Architecture architecture = small_b0("efficientnet_x_b0_gpu.yaml");
  NetworkModule module = stirred(lower(architecture), 4);
  const ExportReport report = export_bundle(
      architecture, module, {.formats = {ExportFormat::kYaml, ExportFormat::kTorchScript}},
      folder / "deep" / "bundle");

  std::vector<std::string> written;
  for (const auto& file : report.files) {
    written.push_back(file.path.filename());
    CHECK(file.bytes == std::filesystem::file_size(file.path));
    CHECK(file.largest_difference >= 0);
    CHECK(file.largest_difference <= 1e-5);
  }
  CHECK(written == std::vector<std::string>{"architecture.yaml", "model.ts.pt", "weights.pt"});
  CHECK(load_architecture(folder / "deep" / "bundle" / "architecture.yaml") == architecture);

  NetworkModule reloaded(lower(architecture), 99);
  load_weights(*reloaded, folder / "deep" / "bundle" / "weights.pt");
  reloaded->eval();
  const torch::NoGradGuard no_grad;
  const at::Tensor x = random_images(module->network(), 2, 1);
  CHECK(at::allclose(reloaded->forward(x), module->forward(x), 1e-6, 1e-6));
}

TEST_CASE("only the formats asked for are written") {
  const TempFolder folder;
  const Architecture architecture = small_b0("efficientnet_b0.yaml");
  NetworkModule module = stirred(lower(architecture), 4);
  const auto report =
      export_bundle(architecture, module, {.formats = {ExportFormat::kYaml}}, folder.path());
  CHECK(report.files.size() == 1);
  CHECK_FALSE(std::filesystem::exists(folder / "model.ts.pt"));
}

TEST_CASE("formats are read from a comma-separated list, each once") {
  const auto formats = export_formats_from_text("torchscript,yaml,torchscript");
  REQUIRE(formats.size() == 2);
  CHECK(formats[0] == ExportFormat::kTorchScript);
  CHECK(formats[1] == ExportFormat::kYaml);
  CHECK(error_of([] { export_formats_from_text("yaml,onyx"); }) ==
        "export format 'onyx' is not one of: yaml, torchscript, torchscript_frozen, "
        "torchscript_bf16, pytorch, safetensors, onnx, summary, card, all");
  CHECK_THAT(error_of([] { export_formats_from_text(""); }), Catch::Contains("yaml, torchscript"));
}

TEST_CASE("a network that gives NaN is not called exported") {
  const TempFolder folder;
  const Architecture architecture = small_b0("efficientnet_b0.yaml");
  NetworkModule module = stirred(lower(architecture), 4);
  {
    const torch::NoGradGuard no_grad;
    module->named_parameters()["classifier.bias"].fill_(std::numeric_limits<float>::quiet_NaN());
  }
  try {
    export_bundle(architecture, module, {.formats = {ExportFormat::kTorchScript}}, folder.path());
    FAIL("must not pass");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kRun);
    CHECK_THAT(error.what(), Catch::Contains(": the network gives NaN"));
  }
}

TEST_CASE("a module of another architecture is refused") {
  const TempFolder folder;
  NetworkModule module = stirred(lower(small_b0("efficientnet_x_b0_gpu.yaml")), 4);
  CHECK_THAT(error_of([&] {
               export_bundle(small_b0("efficientnet_b0.yaml"), module,
                             {.formats = {ExportFormat::kTorchScript}}, folder.path());
             }),
             Catch::Contains("the module is not the network of"));
}

TEST_CASE("a folder that cannot be made is named") {
  const TempFolder folder;
  write_file_atomic(folder / "file", "in the way");
  const Architecture architecture = small_b0("efficientnet_b0.yaml");
  NetworkModule module = stirred(lower(architecture), 4);
  try {
    export_bundle(architecture, module, {.formats = {ExportFormat::kYaml}},
                  folder / "file" / "bundle");
    FAIL("must not be written");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kIo);
    CHECK_THAT(error.what(), Catch::Contains((folder / "file" / "bundle").string()));
  }
}

namespace {

/// The share of the held-out digits that the file gets right, each image as `prepared` makes it of
/// pixels from 0 to 1.
double score_of_file(torch::jit::Module& script, const ImageSet& images,
                     const std::function<at::Tensor(const at::Tensor&)>& prepared) {
  const torch::NoGradGuard no_grad;
  int right = 0;
  for (int i = 0; i < images.size(); ++i) {
    at::Tensor pixels = at::empty({1, images.channels, images.height, images.width});
    float* value = pixels.data_ptr<float>();
    for (int c = 0; c < images.channels; ++c) {
      for (int pixel = 0; pixel < images.height * images.width; ++pixel)
        *value++ = static_cast<float>(images.image(i)[pixel * images.channels + c]) / 255.0F;
    }
    const at::Tensor logits = script.forward({prepared(pixels)}).toTensor();
    right += logits.argmax(1).item<int64_t>() == images.labels[static_cast<size_t>(i)] ? 1 : 0;
  }
  return static_cast<double>(right) / images.size();
}

}  // namespace

TEST_CASE("the exported file scores as the training did, by the normalization that it names",
          "[training]") {
  AccuracyConfig config;
  config.data.kind = DataKind::kIdx;
  config.data.path = shared_data("images/signdigits32_train_images.idx.gz").parent_path();
  config.data.idx = {"signdigits32_train_images.idx.gz", "signdigits32_train_labels.idx.gz",
                     "signdigits32_test_images.idx.gz", "signdigits32_test_labels.idx.gz"};
  config.training.epochs = 3;
  const TempFolder folder;
  TrialSpec spec;
  spec.architecture.classes = 10;
  spec.architecture.resolution = 32;
  spec.architecture.stem.filters = 8;
  Stage stage;
  stage.op = BlockOperator::kFusedMbConv;
  stage.expansion = 1;
  stage.stride = 2;
  spec.architecture.stages = {stage};
  spec.architecture.head.filters = 32;
  spec.architecture.head.dropout = 0;
  spec.test_split = true;
  spec.weights_path = folder / "weights.pt";
  const auto evaluator = make_evaluator(config);
  spec.architecture.input_channels = evaluator->channels();
  const Evaluation result = evaluator->evaluate(spec);
  REQUIRE(result.accuracy > 0.3);  // chance is 0.1
  const Dataset data = load_dataset(config.data);
  REQUIRE(evaluator->normalization() == normalization_of(data.train));

  BundleOptions options{.formats = {ExportFormat::kYaml, ExportFormat::kTorchScript},
                        .input = {.normalization = evaluator->normalization()}};
  export_bundle(spec.architecture, spec.weights_path, 1, options, folder.path());
  auto script = torch::jit::load((folder / "model.ts.pt").string());
  const auto values = [&](const char* name) {
    return at::tensor(script.attr(name).toDoubleVector(), at::kFloat).view({1, -1, 1, 1});
  };
  const at::Tensor mean = values("mean"), deviation = values("std");
  CHECK_FALSE(script.attr("includes_preprocessing").toBool());
  CHECK(score_of_file(script, data.test, [&](const at::Tensor& pixels) {
          return (pixels - mean) / deviation;
        }) == result.accuracy);
  const auto raw = [](const at::Tensor& pixels) { return pixels; };
  CHECK(score_of_file(script, data.test, raw) < result.accuracy);
  CHECK_THAT(read_file(folder / "architecture.yaml"),
             Catch::Contains("\nnormalization: " + to_text(*evaluator->normalization()) + "\n"));
  CHECK(load_architecture(folder / "architecture.yaml") == spec.architecture);

  options.input.include_preprocessing = true;
  const auto report =
      export_bundle(spec.architecture, spec.weights_path, 1, options, folder.path());
  CHECK_THAT(report.input, Catch::Contains("which the files normalize themselves"));
  script = torch::jit::load((folder / "model.ts.pt").string());
  CHECK(script.attr("includes_preprocessing").toBool());
  CHECK(score_of_file(script, data.test, raw) == result.accuracy);
}

TEST_CASE("preprocessing cannot be included where no normalization is known") {
  const TempFolder folder;
  const Architecture architecture = small_b0("efficientnet_b0.yaml");
  NetworkModule module = stirred(lower(architecture), 4);
  CHECK_THAT(error_of([&] {
               export_bundle(architecture, module,
                             {.formats = {ExportFormat::kTorchScript},
                              .input = {.include_preprocessing = true}},
                             folder.path());
             }),
             Catch::Contains("no normalization is known"));
}

TEST_CASE("a network of three channels gets the grey images' value for each") {
  CHECK(for_channels({{0.5}, {0.25}}, 3) == Normalization{{0.5, 0.5, 0.5}, {0.25, 0.25, 0.25}});
  CHECK(for_channels({{0.1, 0.2, 0.3}, {1, 1, 1}}, 3).mean[2] == 0.3);
}

namespace {

std::set<std::string> files_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.insert(entry.path().filename());
  return names;
}

}  // namespace

TEST_CASE("a bundle of all formats is checked, tells what is known, and can be verified later",
          "[process]") {
  const TempFolder folder;
  const Architecture architecture = small_b0("efficientnet_b0.yaml");
  NetworkModule module = stirred(lower(architecture), 4);
  const BundleOptions options{.formats = export_formats_from_text("all"),
                              .input = {Normalization{{0.5}, {0.25}}, true},
                              .facts = {.found = "Found by hand.",
                                        .data = "Digits.",
                                        .accuracy = 0.875,
                                        .accuracy_of = "the test images",
                                        .latencies = {{"tpu_v3", 1.5, "roofline", 2.0}}}};
  const ExportReport report = export_bundle(architecture, module, options, folder.path());
  std::set<std::string> expected{"architecture.yaml",  "model.ts.pt",      "weights.pt",
                                 "model_frozen.ts.pt", "model_bf16.ts.pt", "model.py",
                                 "model.safetensors",  "summary.json",     "README.md",
                                 "probe.safetensors"};
  if (onnx_missing().empty()) expected.insert("model.onnx");
  CHECK(files_in(folder.path()) == expected);
  for (const ExportedFile& file : report.files) {
    INFO(file.path << " " << file.checked_by);
    // Rounding to bf16 is no error of the file; `check_file` compares it with the network in bf16.
    if (!contains(file.path, "bf16")) CHECK(file.largest_difference <= kExportTolerance);
    const FileCheck check = check_file(file.path);
    CHECK(check.missing.empty() == file.was_checked);
    CHECK(check.difference == Approx(file.largest_difference).margin(1e-6));
  }
  const std::string card = read_file(folder / "README.md");
  for (const char* text :
       {"# EfficientNet-B0", "Found by hand.", "Digits.", "87.50 % of the test images",
        "1.50 ms on tpu_v3 (roofline), target "
        "2.00 ms",
        "from model import load"}) {
    INFO(text << "\n" << card);
    CHECK(contains(card, text));
  }
  const auto notes = load_safetensors(folder / "model.safetensors").metadata;
  CHECK(notes.at("classes") == "10");
  CHECK(notes.at("normalization") == "{mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}");
  CHECK(notes.at("accuracy") == "0.875");
}

TEST_CASE("an untrained network is exported as architecture and source, without weights",
          "[process]") {
  const TempFolder folder;
  const Architecture architecture = small_b0("efficientnet_b0.yaml");
  NetworkModule module(lower(architecture), 4);
  const BundleOptions options{.formats = export_formats_from_text("all"),
                              .facts = {.trained = false}};
  export_bundle(architecture, module, options, folder.path());
  CHECK(files_in(folder.path()) == std::set<std::string>{"architecture.yaml", "model.py",
                                                         "summary.json", "README.md",
                                                         "probe.safetensors"});
  CHECK(contains(read_file(folder / "README.md"), "This network is not trained"));
}

TEST_CASE("an export that fails leaves the earlier one as it was, and nothing else") {
  const TempFolder folder;
  const Architecture architecture = small_b0("efficientnet_b0.yaml");
  NetworkModule module = stirred(lower(architecture), 4);
  const BundleOptions options{
      .formats = {ExportFormat::kYaml, ExportFormat::kTorchScript, ExportFormat::kSafeTensors}};
  export_bundle(architecture, module, options, folder.path());
  const auto files = files_in(folder.path());
  const std::string before = read_file(folder / "model.safetensors");
  {
    const torch::NoGradGuard no_grad;
    module->named_parameters()["stem.bn.weight"].fill_(std::numeric_limits<float>::infinity());
  }
  CHECK_THROWS_AS(export_bundle(architecture, module, options, folder.path()), Error);
  CHECK(files_in(folder.path()) == files);
  CHECK(read_file(folder / "model.safetensors") == before);
}

TEST_CASE("verification refuses what is damaged, of other weights, or alone", "[process]") {
  const TempFolder folder;
  const Architecture architecture = small_b0("efficientnet_b0.yaml");
  NetworkModule module = stirred(lower(architecture), 4);
  const BundleOptions options{.formats = export_formats_from_text("yaml,torchscript,pytorch")};
  export_bundle(architecture, module, options, folder.path());
  NetworkModule other = stirred(lower(architecture), 5);
  save_weights(*other, folder / "weights.pt");
  export_torchscript(other, folder / "model.ts.pt");
  CHECK_THAT(error_of([&] { check_file(folder / "weights.pt"); }),
             Catch::Contains("differs from the original"));
  CHECK_THAT(error_of([&] { check_file(folder / "model.ts.pt"); }),
             Catch::Contains("differs from the original"));
  const std::string weights = read_file(folder / "model.safetensors");
  write_file_atomic(folder / "model.safetensors", weights.substr(0, weights.size() / 2));
  CHECK_THAT(error_of([&] { check_file(folder / "model.safetensors"); }),
             Catch::Contains("may be cut off"));
  save_weights(*other, folder / "model.safetensors");
  if (!run_pytorch_files({}).missing.empty()) skip_not_installed("no Python has torch");
  CHECK_THAT(error_of([&] { check_file(folder / "model.py"); }),
             Catch::Contains("differs from the original"));
  std::filesystem::remove(folder / "probe.safetensors");
  CHECK_THAT(error_of([&] { check_file(folder / "model.py"); }),
             Catch::Contains("cannot be checked without probe.safetensors"));
}

TEST_CASE("a file that classifies held-out images otherwise than the network is refused") {
  const TempFolder folder;
  const Architecture architecture = small_b0("efficientnet_b0.yaml");
  NetworkModule module(lower(architecture), 1);
  BundleOptions options{.formats = {ExportFormat::kTorchScript}};
  options.held_out = HeldOutScore{0.9, 100, [](const auto&) { return 0.9; }};
  const ExportReport report = export_bundle(architecture, module, options, folder.path());
  CHECK(report.files[0].accuracy == 0.9);
  CHECK_FALSE(report.files[1].accuracy);  // weights alone cannot be run
  const std::string before = read_file(folder / "model.ts.pt");
  options.held_out->of_file = [](const auto&) { return 0.7; };
  CHECK_THAT(error_of([&] { export_bundle(architecture, module, options, folder.path()); }),
             Catch::Contains("classifies 70.00 % of 100 held-out images rightly, the network "
                             "itself 90.00 %"));
  CHECK(read_file(folder / "model.ts.pt") == before);
  options.held_out->of_file = [](const auto&) { return std::nullopt; };  // no program here
  CHECK_FALSE(
      export_bundle(architecture, module, options, folder.path()).files[0].accuracy.has_value());
}
