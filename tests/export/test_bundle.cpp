#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include "accuracy/data/augment.h"
#include "accuracy/training/make_evaluator.h"
#include "core/error.h"
#include "core/file.h"
#include "export/bundle.h"
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
        "export format 'onyx' is not one of: yaml, torchscript");
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
    CHECK_THAT(error.what(), Catch::Contains("model.ts.pt: the network gives NaN"));
  }
}

TEST_CASE("a module of another architecture is refused") {
  const TempFolder folder;
  NetworkModule module = stirred(lower(small_b0("efficientnet_x_b0_gpu.yaml")), 4);
  CHECK_THAT(error_of([&] {
               export_bundle(small_b0("efficientnet_b0.yaml"), module,
                             {.formats = {ExportFormat::kTorchScript}}, folder.path());
             }),
             Catch::Contains("the module is not the network of architecture"));
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
                        .normalization = evaluator->normalization()};
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

  options.include_preprocessing = true;
  const auto report =
      export_bundle(spec.architecture, spec.weights_path, 1, options, folder.path());
  CHECK_THAT(report.input, Catch::Contains("which model.ts.pt normalizes itself"));
  script = torch::jit::load((folder / "model.ts.pt").string());
  CHECK(script.attr("includes_preprocessing").toBool());
  CHECK(score_of_file(script, data.test, raw) == result.accuracy);
}

TEST_CASE("preprocessing cannot be included where no normalization is known") {
  const TempFolder folder;
  const Architecture architecture = small_b0("efficientnet_b0.yaml");
  NetworkModule module = stirred(lower(architecture), 4);
  CHECK_THAT(error_of([&] {
               export_bundle(
                   architecture, module,
                   {.formats = {ExportFormat::kTorchScript}, .include_preprocessing = true},
                   folder.path());
             }),
             Catch::Contains("no normalization is known"));
}

TEST_CASE("a network of three channels gets the grey images' value for each") {
  CHECK(for_channels({{0.5}, {0.25}}, 3) == Normalization{{0.5, 0.5, 0.5}, {0.25, 0.25, 0.25}});
  CHECK(for_channels({{0.1, 0.2, 0.3}, {1, 1, 1}}, 3).mean[2] == 0.3);
}
