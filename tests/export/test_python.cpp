#include <ATen/ATen.h>

#include <cstdlib>

#include "core/file.h"
#include "export/bundle.h"
#include "export/onnx.h"
#include "export/torchscript.h"
#include "latency/measurement/make_oracle.h"
#include "runtime/weights.h"
#include "tests/catch.h"
#include "tests/export/networks.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

bool succeeds(const std::string& command) { return std::system(command.c_str()) == 0; }

/// A file that Python's `torch.load` opens: {"images", "outputs"} of the module.
void save_probe(NetworkModule& module, const std::filesystem::path& path) {
  const torch::NoGradGuard no_grad;
  const at::Tensor images = random_images(module->network(), 3, 12);
  save_tensors({{"images", images}, {"outputs", module->forward(images)}}, path);
}

}  // namespace

TEST_CASE("Python loads the exports, computes the same outputs, finds the names and can train",
          "[process]") {
  const std::string python = python_with("torch");
  const TempFolder folder;
  std::vector<Network> networks = operator_zoo();
  networks.push_back(lower(small_b0("efficientnet_b0.yaml")));
  networks.push_back(lower(small_b0("efficientnet_x_b0_tpu.yaml")));
  std::string command =
      python + " '" + (source_folder() / "tests/export/check_torchscript.py").string() + "'";
  for (size_t i = 0; i < networks.size(); ++i) {
    const auto bundle = folder / std::to_string(i);
    make_folder(bundle);
    NetworkModule module = stirred(networks[i], 6);
    const auto channels = static_cast<size_t>(networks[i].input_shape().channels);
    export_torchscript(
        module, bundle / "model.ts.pt",
        {Normalization{std::vector<double>(channels, 0.5), std::vector<double>(channels, 0.25)}});
    save_weights(*module, bundle / "weights.pt");
    save_probe(module, bundle / "probe.pt");
    command += " '" + bundle.string() + "'";
  }
  const auto log = folder / "log.txt";
  const bool passed = succeeds(command + " > '" + log.string() + "' 2>&1");
  INFO(read_file(log));
  CHECK(passed);
}

TEST_CASE("a latency command in Python loads and runs the module that the engine hands it",
          "[process]") {
  const std::string python = python_with("torch");
  const TempFolder folder;
  const std::string script = folder / "latency.py";
  write_file_atomic(script, R"py(import re, sys, torch
torch.set_num_threads(1)
path = sys.argv[-1]
side = int(re.search(r"^resolution: *(\d+)", open(path[:-3] + ".yaml").read(), re.M)[1])
with torch.no_grad():
    outputs = torch.jit.load(path)(torch.randn(3, 3, side, side))
assert outputs.shape[0] == 3 and outputs.isfinite().all() and outputs[0].ne(outputs[1]).any()
print(outputs.shape[1], "ms")
)py");
  LatencyConfig config;
  config.kind = LatencyKind::kCommand;
  config.command.command = {python, script};
  config.command.network_format = NetworkFormat::kTorchScript;
  Architecture architecture;
  architecture.resolution = 32;
  architecture.classes = 7;
  architecture.stages = {Stage{}};
  const auto oracle = make_oracle(config, {.torchscript = export_untrained_torchscript});
  CHECK(oracle->estimate_architecture(architecture).ms == 7);
}

TEST_CASE("the ready latency programs price the ONNX file that the engine hands them",
          "[process]") {
  if (!onnx_missing().empty()) skip_not_installed(onnx_missing());
  const auto examples = source_folder() / "examples" / "latency";
  Architecture architecture;
  architecture.resolution = 32;
  architecture.classes = 7;
  architecture.stages = {Stage{}};
  LatencyConfig config;
  config.kind = LatencyKind::kCommand;
  config.command.network_format = NetworkFormat::kOnnx;
  const NetworkWriters writers{.onnx = export_untrained_onnx};

  // A trtexec that only looks at its arguments.
  const TempFolder folder;
  write_file_atomic(
      folder / "trtexec",
      "#!/bin/sh\nfor a; do case $a in --onnx=*) test -s \"${a#--onnx=}\" || exit 1;; "
      "--fp16) fp16=1;; --optShapes=images:8x3x32x32) shape=1;; esac; done\n"
      "echo \"[I] GPU Compute Time: min = 1 ms, max = 3 ms, mean = 2 ms, median = "
      "$((fp16 + shape)).5 ms, percentile(90%) = 3 ms\"\n");
  std::filesystem::permissions(folder / "trtexec", std::filesystem::perms::owner_all);
  config.command.command = {"/usr/bin/env", "BATCH=8", "TRTEXEC=" + (folder / "trtexec").string(),
                            (examples / "tensorrt.sh").string(), "--fp16"};
  CHECK(make_oracle(config, writers)->estimate_architecture(architecture).ms == 2.5);

  config.command.command = {optional_python_with("onnxruntime"),
                            (examples / "onnx_runtime.py").string(), "--runs", "20"};
  CHECK(make_oracle(config, writers)->estimate_architecture(architecture).ms > 0);
}
