#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <set>
#include <variant>

#include "core/error.h"
#include "core/file.h"
#include "export/torchscript.h"
#include "export/torchscript_source.h"
#include "export/verify.h"
#include "runtime/device.h"
#include "tests/catch.h"
#include "tests/export/networks.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

std::set<std::string> names(const NetworkModule& module) {
  std::set<std::string> result;
  for (const auto& item : module->named_parameters()) result.insert(item.key());
  for (const auto& item : module->named_buffers()) result.insert(item.key());
  return result;
}

torch::jit::Module exported(NetworkModule& module, const TempFolder& folder) {
  export_torchscript(module, folder / "model.ts.pt");
  return torch::jit::load((folder / "model.ts.pt").string());
}

at::Tensor run(torch::jit::Module& script, const at::Tensor& images) {
  return script.forward({images}).toTensor();
}

double difference(const at::Tensor& a, const at::Tensor& b) {
  REQUIRE(a.sizes() == b.sizes());
  return (a - b).abs().max().item<double>();
}

double checked(NetworkModule& module, const std::filesystem::path& path) {
  return check_file(path, make_probe(module, {}), module->network()).difference;
}

}  // namespace

TEST_CASE("a reloaded B0 and X-B0 give the module's outputs for any number of images") {
  const TempFolder folder;
  for (const char* file : {"efficientnet_b0.yaml", "efficientnet_x_b0_tpu.yaml"}) {
    INFO(file);
    NetworkModule module = stirred(lower(small_b0(file)), 7);
    torch::jit::Module script = exported(module, folder);
    const torch::NoGradGuard no_grad;
    for (const int64_t images : {1, 5}) {
      const at::Tensor x = random_images(module->network(), images, 3);
      const at::Tensor expected = module->forward(x);
      CHECK(expected.sizes() == std::vector<int64_t>{images, 10});
      CHECK(difference(run(script, x), expected) <=
            1e-5 * std::max(1.0, expected.abs().max().item<double>()));
    }
    CHECK(checked(module, folder / "model.ts.pt") <= kReloadTolerance);
  }
}

TEST_CASE("the hand-built networks hold every operator") {
  std::set<size_t> kinds;
  for (const auto& network : operator_zoo()) {
    for (const auto& node : network.nodes()) kinds.insert(node.op.index());
  }
  CHECK(kinds.size() == std::variant_size_v<Operator>);
}

TEST_CASE("every operator computes in TorchScript what it computes in the runtime") {
  const TempFolder folder;
  for (const auto& network : operator_zoo()) {
    INFO(network.name() << "\n" << torchscript_forward(network));
    NetworkModule module = stirred(network, 5);
    torch::jit::Module script = exported(module, folder);
    const torch::NoGradGuard no_grad;
    const at::Tensor x = random_images(network, 4, 9);
    const at::Tensor expected = module->forward(x);
    CHECK(difference(run(script, x), expected) <=
          1e-6 * std::max(1.0, expected.abs().max().item<double>()));
    CHECK(expected.std().item<double>() > 1e-4);  // the images do matter
  }
}

TEST_CASE("parameters and buffers carry the runtime's names, shapes and plain strides") {
  const TempFolder folder;
  for (const auto& network : operator_zoo()) {
    NetworkModule module(network, 1);
    place(*module, torch::Device(torch::kCPU));  // channels-last in memory
    const torch::jit::Module script = exported(module, folder);
    std::set<std::string> seen;
    for (const auto& item : script.named_parameters()) {
      seen.insert(item.name);
      CHECK(item.value.requires_grad());
      CHECK(item.value.sizes() == module->named_parameters()[item.name].sizes());
      CHECK(item.value.strides() == at::empty(item.value.sizes()).strides());
      CHECK(at::equal(item.value, module->named_parameters()[item.name]));
    }
    for (const auto& item : script.named_buffers()) seen.insert(item.name);
    CHECK(seen == names(module));
  }
}

TEST_CASE("the file opens in evaluation mode whatever the module's mode was, which stays") {
  const TempFolder folder;
  NetworkModule module = stirred(operator_zoo()[2], 5);
  module->train();
  const torch::jit::Module script = exported(module, folder);
  CHECK_FALSE(script.is_training());
  CHECK(module->is_training());
  CHECK(checked(module, folder / "model.ts.pt") <= 1e-6);
  CHECK(module->is_training());
}

TEST_CASE("in training mode batch norm uses the batch and moves its statistics like the runtime") {
  const TempFolder folder;
  NetworkModule module = stirred(operator_zoo()[0], 5);  // no dropout
  torch::jit::Module script = exported(module, folder);
  const at::Tensor x = random_images(module->network(), 8, 2);
  const torch::NoGradGuard no_grad;
  const at::Tensor before = run(script, x);
  script.train();
  module->train();
  const at::Tensor training = run(script, x);
  CHECK(difference(training, module->forward(x)) <= 1e-5);
  CHECK(difference(training, before) > 1e-3);
  int moved = 0;
  for (const auto& item : script.named_buffers()) {
    const at::Tensor expected = module->named_buffers()[item.name];
    CHECK(at::allclose(item.value, expected, 1e-5, 1e-6));
    ++moved;
  }
  CHECK(moved == 4);
}

TEST_CASE("dropout and drop-connect act in training mode only, per image") {
  NetworkBuilder b("drop", {1, 2, 2, 1});
  const int x = b.add("drop", DropConnect{0.25}, {0});
  b.add("pool", GlobalAveragePool{}, {x});
  NetworkModule module(std::move(b).build(), 1);
  const TempFolder folder;
  torch::jit::Module script = exported(module, folder);
  const at::Tensor ones = at::ones({4000, 1, 2, 2});
  CHECK(at::equal(run(script, ones), at::ones({4000, 1})));
  script.train();
  const at::Tensor kept = run(script, ones);
  // Each image is dropped whole or scaled by 4/3; the mean stays 1 (standard error 0.009).
  const at::Tensor dropped = kept == 0, scaled = (kept - 4.0 / 3.0).abs() < 1e-6;
  CHECK((dropped | scaled).all().item<bool>());
  CHECK(kept.mean().item<double>() == Approx(1.0).margin(0.06));
}

TEST_CASE("training the reloaded file reaches every parameter") {
  const TempFolder folder;
  NetworkModule module = stirred(lower(small_b0("efficientnet_x_b0_gpu.yaml")), 3);
  torch::jit::Module script = exported(module, folder);
  script.train();
  const at::Tensor loss = run(script, random_images(module->network(), 16, 8)).square().mean();
  torch::autograd::backward({loss}, {});
  for (const auto& item : script.named_parameters()) {
    INFO(item.name);
    REQUIRE(item.value.grad().defined());
    CHECK(item.value.grad().isfinite().all().item<bool>());
  }
}

TEST_CASE("verification sees a weight that differs by a thousandth, and a NaN") {
  const TempFolder folder;
  NetworkModule module = stirred(operator_zoo()[0], 5);
  export_torchscript(module, folder / "model.ts.pt");
  const torch::NoGradGuard no_grad;
  module->named_parameters()["classifier.bias"].add_(1e-3);
  CHECK_THAT(error_of([&] { checked(module, folder / "model.ts.pt"); }),
             Catch::Contains("the reloaded network differs from the original by 0.000"));
  module->named_parameters()["classifier.bias"].fill_(std::numeric_limits<float>::quiet_NaN());
  CHECK_THAT(error_of([&] { checked(module, folder / "model.ts.pt"); }),
             Catch::Contains("the network gives NaN"));
}

TEST_CASE("a file of another network is refused by its outputs' shape") {
  const TempFolder folder;
  NetworkBuilder b("ten", {3, 17, 14, 1});
  const int x = b.add("pool", GlobalAveragePool{}, {0});
  b.add("classifier", Linear{10, true}, {x});
  NetworkModule ten(std::move(b).build(), 1);
  export_torchscript(ten, folder / "model.ts.pt");
  NetworkModule five = stirred(operator_zoo()[0], 5);
  CHECK_THAT(error_of([&] { checked(five, folder / "model.ts.pt"); }),
             Catch::Contains("outputs of shape [2, 10] instead of [2, 5]"));
}

TEST_CASE("a node named with a keyword of Python is refused by name") {
  const TempFolder folder;
  NetworkBuilder b("keyword", {1, 2, 2, 1});
  b.add("stage.class", Conv2d{.out_channels = 2}, {0});
  NetworkModule module(std::move(b).build(), 1);
  CHECK(error_of([&] { export_torchscript(module, folder / "model.ts.pt"); }) ==
        "export: TorchScript cannot hold the name 'stage.class.weight': 'class' is a word of the "
        "language; rename the node");
  CHECK_FALSE(std::filesystem::exists(folder / "model.ts.pt"));
}

TEST_CASE("a path that cannot be written or read is named, and an older file stays") {
  const TempFolder folder;
  NetworkModule module = stirred(operator_zoo()[4], 5);
  const auto missing = folder / "absent" / "model.ts.pt";
  try {
    export_torchscript(module, missing);
    FAIL("must not be written");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kIo);
    CHECK_THAT(error.what(), Catch::Contains(missing.string()));
  }
  CHECK_THAT(error_of([&] { checked(module, missing); }),
             Catch::Contains("cannot be loaded as TorchScript"));
  write_file_atomic(folder / "text.ts.pt", "not a network");
  CHECK_THAT(error_of([&] { checked(module, folder / "text.ts.pt"); }),
             Catch::Contains("cannot be loaded as TorchScript"));
}
