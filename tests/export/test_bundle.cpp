#include <ATen/ATen.h>

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
  const ExportReport report =
      export_bundle(architecture, module, {ExportFormat::kYaml, ExportFormat::kTorchScript},
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
  const auto report = export_bundle(architecture, module, {ExportFormat::kYaml}, folder.path());
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
    export_bundle(architecture, module, {ExportFormat::kTorchScript}, folder.path());
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
               export_bundle(small_b0("efficientnet_b0.yaml"), module, {ExportFormat::kTorchScript},
                             folder.path());
             }),
             Catch::Contains("the module is not the network of architecture"));
}

TEST_CASE("a folder that cannot be made is named") {
  const TempFolder folder;
  write_file_atomic(folder / "file", "in the way");
  const Architecture architecture = small_b0("efficientnet_b0.yaml");
  NetworkModule module = stirred(lower(architecture), 4);
  try {
    export_bundle(architecture, module, {ExportFormat::kYaml}, folder / "file" / "bundle");
    FAIL("must not be written");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kIo);
    CHECK_THAT(error.what(), Catch::Contains((folder / "file" / "bundle").string()));
  }
}
