#include "export/verify.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <torch/version.h>

#include <nlohmann/json.hpp>
#include <set>

#include "core/config.h"
#include "core/file.h"
#include "export/python_check.h"
#include "export/torchscript.h"
#include "network/published/network_source.h"
#include "runtime/safetensors.h"
#include "runtime/weights.h"

namespace ridgeline {
namespace {

constexpr uint64_t kProbeSeed = 2021;
constexpr int64_t kProbeImages = 2;

std::string sizes_of(const at::Tensor& tensor) {
  std::vector<std::string> sides;
  for (const int64_t side : tensor.sizes()) sides.push_back(std::to_string(side));
  return "[" + join(sides) + "]";
}

double difference_of(const at::Tensor& outputs, const at::Tensor& original) {
  const at::Tensor expected = original.to(at::kDouble);
  const double scale = std::max(1.0, expected.abs().max().item<double>());
  return (expected - outputs.to(at::kCPU, at::kDouble)).abs().max().item<double>() / scale;
}

/// Throws where the outputs are not the expected ones.
double compared(const std::filesystem::path& path, const at::Tensor& outputs,
                const at::Tensor& expected, double tolerance) {
  if (outputs.sizes() != expected.sizes()) {
    throw Error(ErrorKind::kRun, path.string() + ": gives outputs of shape " + sizes_of(outputs) +
                                     " instead of " + sizes_of(expected));
  }
  const double difference = difference_of(outputs, expected);
  // Also false for NaN.
  if (difference <= tolerance) return difference;
  throw Error(ErrorKind::kRun, path.string() +
                                   ": the reloaded network differs from the original by " +
                                   ConfigWriter::plain_number(difference) + "; at most " +
                                   ConfigWriter::plain_number(tolerance) +
                                   " is rounding; the file must not be used");
}

FileCheck check_script(const std::filesystem::path& path, const Probe& probe) {
  const ScriptOutputs result = run_torchscript(path, probe.images);
  const std::string program = std::string("LibTorch ") + TORCH_VERSION;
  if (result.variant == ScriptVariant::kBf16) {
    compared(path, result.outputs, probe.bf16_outputs, kBf16Tolerance);
    return {difference_of(result.outputs, probe.outputs), program};
  }
  const bool is_frozen = result.variant == ScriptVariant::kFrozen;
  return {compared(path, result.outputs, probe.outputs,
                   is_frozen ? kExportTolerance : kReloadTolerance),
          program};
}

FileCheck check_weights(const std::filesystem::path& path, const Probe& probe,
                        const Network& network) {
  const at::NoGradGuard no_grad;
  NetworkModule module(network, /*seed=*/0);
  load_weights(*module, path);
  module->eval();
  return {compared(path, module->forward(probe.normalized), probe.outputs, kReloadTolerance),
          std::string("LibTorch ") + TORCH_VERSION};
}

FileCheck check_in_python(const std::filesystem::path& path, const Probe& probe,
                          PythonResults (*run)(const std::vector<PythonRun>&)) {
  const PythonResults results = run({{path, probe.images}});
  if (!results.missing.empty()) return {0, "", results.missing};
  const bool is_untrained = path.extension() == ".py" &&
                            !std::filesystem::exists(path.parent_path() / "model.safetensors");
  if (!is_untrained) {
    return {compared(path, results.outputs[0], probe.outputs, kExportTolerance), results.program};
  }
  if (results.outputs[0].sizes() != probe.outputs.sizes()) {
    throw Error(ErrorKind::kRun, path.string() + ": gives outputs of shape " +
                                     sizes_of(results.outputs[0]) + " instead of " +
                                     sizes_of(probe.outputs));
  }
  return {0, results.program + ", shapes only"};
}

}  // namespace

at::Tensor bf16_outputs(NetworkModule& module, const at::Tensor& images) {
  std::set<std::string> norms;
  for (const Node& node : module->network().nodes()) {
    if (std::holds_alternative<BatchNorm>(node.op)) norms.insert(node.name);
  }
  NetworkModule narrow(module->network(), /*seed=*/0);
  const auto values = module->named_parameters();
  for (auto& item : narrow->named_parameters()) {
    const std::string& name = item.key();
    const bool is_norm = norms.contains(name.substr(0, name.rfind('.')));
    item.value().set_data(values[name].to(at::kCPU, is_norm ? at::kFloat : at::kBFloat16));
  }
  const auto statistics = module->named_buffers();
  for (auto& item : narrow->named_buffers()) item.value().copy_(statistics[item.key()]);
  narrow->eval();
  return narrow->forward(images.to(at::kBFloat16)).to(at::kFloat);
}

Probe make_probe(NetworkModule& module, const ExportInput& input) {
  const at::NoGradGuard no_grad;
  const Shape& shape = module->network().input_shape();
  const at::Tensor normalized = at::randn({kProbeImages, shape.channels, shape.height, shape.width},
                                          at::detail::createCPUGenerator(kProbeSeed));
  at::Tensor images = normalized;
  if (input.include_preprocessing && input.normalization) {
    const auto channels = [](const std::vector<double>& values) {
      return at::tensor(values, at::kDouble).to(at::kFloat).view({1, -1, 1, 1});
    };
    images =
        normalized * channels(input.normalization->deviation) + channels(input.normalization->mean);
  }
  const bool was_training = module->is_training();
  module->eval();
  const at::Tensor outputs = module->forward(normalized).to(at::kCPU, at::kFloat);
  const at::Tensor in_bf16 = bf16_outputs(module, normalized);
  module->train(was_training);
  if (!outputs.isfinite().all().item<bool>()) {
    throw Error(ErrorKind::kRun, "export of " + module->network().name() +
                                     ": the network gives NaN for a random image; its weights "
                                     "have diverged and are not worth exporting");
  }
  return {images, normalized, outputs, in_bf16};
}

void save_probe(const Probe& probe, const std::filesystem::path& path) {
  SafeTensors content{
      {{"images", probe.images}, {"outputs", probe.outputs}, {"bf16_outputs", probe.bf16_outputs}}};
  if (!probe.images.is_same(probe.normalized)) content.tensors["normalized"] = probe.normalized;
  save_safetensors(content, path);
}

Probe load_probe(const std::filesystem::path& path) {
  const auto tensors = load_safetensors(path).tensors;
  if (!tensors.contains("images") || !tensors.contains("outputs") ||
      !tensors.contains("bf16_outputs") || tensors.at("images").dim() != 4) {
    throw Error(
        ErrorKind::kData,
        path.string() + ": is no probe of an export: it lacks images, outputs or bf16_outputs");
  }
  const at::Tensor& images = tensors.at("images");
  return {images, tensors.contains("normalized") ? tensors.at("normalized") : images,
          tensors.at("outputs"), tensors.at("bf16_outputs")};
}

FileCheck check_file(const std::filesystem::path& path, const Probe& probe,
                     const Network& network) {
  const std::string name = path.filename().string();
  if (name == kProbeFile) return {0, "its form only"};
  if (name.ends_with(".ts.pt")) return check_script(path, probe);
  if (name.ends_with(".onnx")) return check_in_python(path, probe, run_onnx_files);
  if (name.ends_with(".py")) return check_in_python(path, probe, run_pytorch_files);
  if (name.ends_with(".pt") || is_safetensors(path)) return check_weights(path, probe, network);
  const std::string text = read_file(path);
  if (name.ends_with(".json") && !nlohmann::json::accept(text))
    throw Error(ErrorKind::kData, path.string() + ": is no JSON, or damaged");
  if (name.ends_with(".yaml")) load_network_source(path).network();
  return {0, "its form only"};
}

FileCheck check_file(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.parent_path();
  read_file(path);  // names what is missing before its neighbours are
  for (const char* needed : {kProbeFile, "architecture.yaml"}) {
    if (std::filesystem::exists(folder / needed)) continue;
    throw Error(ErrorKind::kUsage,
                path.string() + ": cannot be checked without " + needed +
                    " in its folder; valid: a file in a folder that `ridgeline export` wrote with "
                    "the format yaml");
  }
  return check_file(path, load_probe(folder / kProbeFile),
                    load_network_source(folder / "architecture.yaml").network());
}

}  // namespace ridgeline
