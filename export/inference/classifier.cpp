#include "export/inference/classifier.h"

#include <ATen/ATen.h>
#include <torch/version.h>

#include <array>
#include <map>

#include "core/error.h"
#include "core/file.h"
#include "core/yaml.h"
#include "export/inference/python_classifier.h"
#include "export/torchscript.h"
#include "network/published/network_source.h"
#include "runtime/network_module.h"
#include "runtime/safetensors.h"
#include "runtime/weights.h"

namespace ridgeline {
namespace {

constexpr const char* kArchitecture = "architecture.yaml";

std::string libtorch() { return std::string("LibTorch ") + TORCH_VERSION; }

/// What the folder's architecture.yaml says; nothing where there is none.
ModelInput input_of_folder(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kArchitecture;
  if (!std::filesystem::exists(path)) return {};
  const Shape shape = load_network_source(path).network().input_shape();
  ModelInput input{static_cast<int>(shape.height), static_cast<int>(shape.channels), {}};
  const YamlView root = YamlView::load_file(path);
  if (const auto note = root.find("normalization")) {
    input.images.normalization = read_config<Normalization>(*note);
  }
  return input;
}

class ScriptClassifier : public Classifier {
 public:
  explicit ScriptClassifier(const std::filesystem::path& path) : script_(path) {
    input_ = input_of_folder(path.parent_path());
    const ExportInput recorded = script_.input();
    if (recorded.normalization) input_.images = recorded;
    program_ = libtorch();
  }
  at::Tensor logits(const at::Tensor& images) override {
    return script_.run(images.contiguous()).to(at::kFloat);
  }

 private:
  LoadedScript script_;
};

/// Weights alone; the network is that of architecture.yaml.
class WeightsClassifier : public Classifier {
 public:
  explicit WeightsClassifier(const std::filesystem::path& path)
      : module_(load_network_source(path.parent_path() / kArchitecture).network(), /*seed=*/0) {
    load_weights(*module_, path);
    module_->eval();
    input_ = input_of_folder(path.parent_path());
    if (is_safetensors(path)) add_notes(load_safetensors(path).metadata, path);
    input_.images.include_preprocessing = false;  // the network itself never does
    program_ = libtorch();
  }
  at::Tensor logits(const at::Tensor& images) override {
    const at::NoGradGuard no_grad;
    return module_->forward(images);
  }

 private:
  void add_notes(const Notes& notes, const std::filesystem::path& path) {
    const ModelInput noted = input_of_notes(notes, path);
    if (noted.images.normalization) input_.images = noted.images;
  }

  NetworkModule module_;
};

std::unique_ptr<Classifier> open_weights(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file.parent_path() / kArchitecture)) {
    throw Error(ErrorKind::kUsage,
                file.string() + ": weights need their network beside them: " + kArchitecture +
                    " is not in the folder; valid: a file in a folder that `ridgeline export` "
                    "wrote with the format yaml");
  }
  return std::make_unique<WeightsClassifier>(file);
}

}  // namespace

ModelInput input_of_notes(const Notes& notes, const std::filesystem::path& path) {
  const auto find = [&](const char* name) -> std::optional<std::string> {
    const auto found = notes.find(name);
    return found == notes.end() ? std::nullopt : std::optional(found->second);
  };
  const auto number = [&](const char* name) -> std::optional<int> {
    const auto text = find(name);
    if (!text) return std::nullopt;
    return static_cast<int>(YamlView::word(*text, path.string() + ": " + name).as_int());
  };
  ModelInput input{number("resolution"), number("channels"), {}};
  if (const auto text = find("normalization")) {
    input.images.normalization =
        read_config<Normalization>(YamlView::parse(*text, path.string() + ": normalization"));
    input.images.include_preprocessing = find("includes_preprocessing") == "true";
  }
  return input;
}

std::unique_ptr<Classifier> open_classifier(const std::filesystem::path& file, int threads) {
  const std::string name = file.filename().string();
  if (const std::string what = other_than_file(file); !what.empty()) {
    throw Error(ErrorKind::kIo, file.string() + ": is " + what + ", not a file of a network");
  }
  if (!std::filesystem::exists(file)) {
    throw Error(ErrorKind::kIo, file.string() + ": there is no such file");
  }
  if (name.ends_with(".ts.pt")) return std::make_unique<ScriptClassifier>(file);
  if (name.ends_with(".onnx")) return open_onnx_classifier(file, threads);
  if (name.ends_with(".py")) return open_pytorch_classifier(file, threads);
  if (name.ends_with(".pt") || is_safetensors(file)) return open_weights(file);
  throw Error(ErrorKind::kUsage,
              file.string() +
                  ": is no file of a network, by its name; valid: *.ts.pt, *.onnx, "
                  "*.py, *.pt, *.safetensors, or the folder of an export, a run or a training");
}

std::filesystem::path model_in_folder(const std::filesystem::path& folder) {
  const bool has_network = std::filesystem::exists(folder / kArchitecture);
  if (has_network) {
    for (const char* file : {"best.safetensors", "model.safetensors", "weights.pt"}) {
      if (std::filesystem::exists(folder / file)) return folder / file;
    }
  }
  for (const char* file : {"model.ts.pt", "model_frozen.ts.pt", "model.onnx", "model_bf16.ts.pt"}) {
    if (std::filesystem::exists(folder / file)) return folder / file;
  }
  throw Error(ErrorKind::kUsage,
              folder.string() +
                  ": holds no trained network; valid: a folder that `ridgeline export` or "
                  "`ridgeline search` wrote, with architecture.yaml and best.safetensors, "
                  "model.safetensors or weights.pt, or with model.ts.pt or model.onnx");
}

}  // namespace ridgeline
