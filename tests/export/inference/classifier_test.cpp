#include "export/inference/classifier.h"

#include <ATen/ATen.h>

#include <cmath>

#include "accuracy/training/score.h"
#include "accuracy/training/trainer.h"
#include "core/error.h"
#include "core/file.h"
#include "export/bundle.h"
#include "export/inference/evaluate.h"
#include "export/inference/python_classifier.h"
#include "export/onnx.h"
#include "export/python_check.h"
#include "runtime/network_module.h"
#include "runtime/weights.h"
#include "tests/accuracy/small_networks.h"
#include "tests/catch.h"
#include "tests/support.h"

// An exported network must score on the same images as the training's own `score`, in every
// format.

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// Photographs of hands that show the digits 0 to 9, 32 px, in colour.
Dataset sign_digits() {
  DataConfig config;
  config.kind = DataKind::kIdx;
  config.path = shared_data("images/signdigits32_test_images.idx.gz").parent_path().string();
  config.idx = {"signdigits32_train_images.idx.gz", "signdigits32_train_labels.idx.gz",
                "signdigits32_test_images.idx.gz", "signdigits32_test_labels.idx.gz"};
  return load_dataset(config);
}

/// A small network that has learned the digits for two epochs: better than chance, far from
/// perfect.
struct Trained {
  Dataset data = sign_digits();
  Normalization normalization = normalization_of(data.train);
  Architecture architecture = small_architecture(data.classes);
  TrainingConfig recipe;
  NetworkModule module{nullptr};

  Trained() {
    architecture.resolution = 32;
    architecture.input_channels = data.train.channels;
    recipe.batch = 32;
    recipe.learning_rate = 0.05;
    module = NetworkModule(lower(architecture), 1);
    train(module, maker(data.train), recipe, {.epochs = 2});
    module->eval();
  }
  BatchMaker maker(const ImageSet& images) const {
    return BatchMaker(images, normalization, architecture.input_channels, 32);
  }
  double score_of_training() { return score(module, maker(data.test), recipe).accuracy; }
  void export_to(const std::filesystem::path& folder, bool include_preprocessing) {
    export_bundle(architecture, module,
                  {.formats = export_formats_from_text("all"),
                   .input = {normalization, include_preprocessing}},
                  folder);
  }
};

/// Top-1 of a file with the preprocessing that it records.
EvaluationResult scored(const Trained& trained, const std::filesystem::path& file) {
  const auto classifier = open_classifier(file, 1);
  const ModelInput& input = classifier->input();
  REQUIRE(input.resolution == 32);
  REQUIRE(input.channels == trained.architecture.input_channels);
  REQUIRE(input.images.normalization.has_value());
  const Normalization used = normalization_for(input, {}, *input.channels);
  return evaluate(*classifier, BatchMaker(trained.data.test, used, *input.channels, 32),
                  trained.data.classes, 50);
}

bool onnx_runs() { return onnx_missing().empty() && run_onnx_files({}).missing.empty(); }

}  // namespace

TEST_CASE("every exported format scores as the training does", "[process]") {
  const TempFolder folder;
  Trained trained;
  const double expected = trained.score_of_training();
  REQUIRE(expected > 0.15);
  REQUIRE(expected < 0.999);
  if (!run_pytorch_files({}).missing.empty()) skip_not_installed("no Python has torch");
  for (const bool include_preprocessing : {false, true}) {
    trained.export_to(folder.path(), include_preprocessing);
    for (const char* file :
         {"model.ts.pt", "model_frozen.ts.pt", "model.py", "weights.pt", "model.safetensors"}) {
      INFO(file << ", preprocessing " << include_preprocessing);
      const EvaluationResult result = scored(trained, folder / file);
      CHECK(result.scores.images() == trained.data.test.size());
      CHECK(result.scores.top1() == Approx(expected).margin(1e-9));
      CHECK(result.scores.top5() >= result.scores.top1());
    }
    // bf16 rounds: a few images may change sides.
    CHECK(std::abs(scored(trained, folder / "model_bf16.ts.pt").scores.top1() - expected) < 0.03);
  }
}

TEST_CASE("an ONNX file scores as the training does", "[process]") {
  if (!onnx_runs()) skip("ONNX Runtime or the ONNX export is not here");
  const TempFolder folder;
  Trained trained;
  for (const bool include_preprocessing : {false, true}) {
    trained.export_to(folder.path(), include_preprocessing);
    CHECK(scored(trained, folder / "model.onnx").scores.top1() ==
          Approx(trained.score_of_training()).margin(1e-9));
  }
}

TEST_CASE("a wrong normalization shows in the score", "[process]") {
  const TempFolder folder;
  Trained trained;
  trained.export_to(folder.path(), false);
  const auto classifier = open_classifier(folder / "model.ts.pt", 1);
  const Normalization wrong{{0, 0, 0}, {5, 5, 5}};
  const Normalization used = normalization_for(classifier->input(), wrong, 3);
  CHECK(used == wrong);
  const auto result = evaluate(*classifier, BatchMaker(trained.data.test, used, 3, 32), 10, 64);
  CHECK(result.scores.top1() < trained.score_of_training() - 0.05);
}

TEST_CASE("the normalization is the recorded one, the given one, or an error") {
  ModelInput input{32, 3, {}};
  CHECK(contains(error_of([&] { normalization_for(input, {}, 3); }),
                 "do not record how its images were normalized: give --mean and --std"));
  const Normalization given{{0.5}, {0.25}}, recorded{{0.1, 0.2, 0.3}, {0.4, 0.5, 0.6}};
  CHECK(normalization_for(input, given, 3) == Normalization{{0.5, 0.5, 0.5}, {0.25, 0.25, 0.25}});
  input.images.normalization = recorded;
  CHECK(normalization_for(input, {}, 3) == recorded);
  CHECK(contains(error_of([&] { normalization_for(input, {}, 1); }), "is not of 1 channels"));
  input.images.include_preprocessing = true;
  CHECK(normalization_for(input, {}, 3) == Normalization{{0, 0, 0}, {1, 1, 1}});
  CHECK(contains(error_of([&] { normalization_for(input, given, 3); }),
                 "normalizes its images itself"));
}

TEST_CASE("files that are no trained network are refused by name") {
  const TempFolder folder;
  const auto refusal = [&](const std::string& name) {
    return error_of([&] { open_classifier(folder / name, 1); });
  };
  CHECK(contains(refusal("model.onnx"), "there is no such file"));
  write_file_atomic(folder / "notes.txt", "text");
  CHECK(contains(refusal("notes.txt"), "valid: *.ts.pt, *.onnx, *.py, *.pt, *.safetensors"));
  write_file_atomic(folder / "weights.pt", "text");
  CHECK(contains(refusal("weights.pt"), "architecture.yaml is not in the folder"));
  write_file_atomic(folder / "model.py", "text");
  CHECK(contains(refusal("model.py"), "model.safetensors is not in its folder"));
  write_file_atomic(folder / "model.ts.pt", "text");
  CHECK(contains(refusal("model.ts.pt"), "cannot be loaded as TorchScript"));
  CHECK(contains(refusal("."), "is a folder"));
  std::filesystem::remove(folder / "model.ts.pt");
  CHECK(contains(error_of([&] { model_in_folder(folder.path()); }), "holds no trained network"));
  write_file_atomic(folder / "architecture.yaml", "text");
  CHECK(model_in_folder(folder.path()) == folder / "weights.pt");
  write_file_atomic(folder / "best.safetensors", "text");
  CHECK(model_in_folder(folder.path()) == folder / "best.safetensors");
}

TEST_CASE("a Python file that fails is reported with its last words", "[process]") {
  if (!run_pytorch_files({}).missing.empty()) skip_not_installed("no Python has torch");
  const TempFolder folder;
  NetworkModule module(lower(small_architecture(3)), 1);
  save_weights(*module, folder / "model.safetensors");
  write_file_atomic(folder / "model.py", "raise ValueError('on purpose')\n");
  CHECK(contains(error_of([&] { open_classifier(folder / "model.py", 1); }),
                 "does not run in Python: ValueError: on purpose"));
  write_file_atomic(folder / "model.py",
                    "print('noise')\n"
                    "def load(path):\n"
                    "    def net(images):\n"
                    "        print('more noise')\n"
                    "        if len(images) > 2: raise RuntimeError('too many')\n"
                    "        return images.sum((2, 3))\n"
                    "    return net\n");
  const auto classifier = open_classifier(folder / "model.py", 1);
  const at::Tensor images = at::arange(2 * 3 * 4, at::kFloat).reshape({2, 3, 2, 2});
  CHECK(at::equal(classifier->logits(images), images.sum({2, 3})));
  CHECK(at::equal(classifier->logits(images), images.sum({2, 3})));
  CHECK(contains(error_of([&] {
                   classifier->logits(at::ones({3, 3, 2, 2}));
                 }),
                 "does not run in Python: RuntimeError: too many"));
}

TEST_CASE("without a Python that has the module the file cannot be run here", "[process]") {
  const TempFolder folder;
  write_file_atomic(folder / "model.onnx", "no ONNX");
  try {
    open_classifier(folder / "model.onnx", 1);
    FAIL("opened");
  } catch (const Error& error) {
    const bool is_here = run_onnx_files({}).missing.empty();
    CHECK(error.kind() == (is_here ? ErrorKind::kRun : ErrorKind::kUnchecked));
    if (!is_here) CHECK(contains(error.what(), "no Python with onnxruntime"));
  }
}
