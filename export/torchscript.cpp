#include "export/torchscript.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <set>
#include <sstream>

#include "core/error.h"
#include "core/file.h"
#include "export/torchscript_source.h"

namespace ridgeline {
namespace {

/// The values of a module with dotted names, nested by the names' parts.
struct Scope {
  std::vector<std::pair<std::string, at::Tensor>> parameters, buffers;
  std::vector<std::pair<std::string, Scope>> children;  // in order of first mention

  Scope& child(const std::string& name) {
    for (auto& [existing, scope] : children) {
      if (existing == name) return scope;
    }
    return children.emplace_back(name, Scope{}).second;
  }

  /// The scope that holds `dotted`, and the last part of the name.
  std::pair<Scope*, std::string> locate(const std::string& dotted) {
    const auto parts = split_dotted(dotted);
    Scope* scope = this;
    for (size_t i = 0; i + 1 < parts.size(); ++i) scope = &scope->child(parts[i]);
    return {scope, parts.back()};
  }
};

/// A copy in plain NCHW strides. `contiguous` would keep the channels-last strides of 1x1 weights.
at::Tensor exported(const at::Tensor& tensor) {
  const auto dtype = tensor.is_floating_point() ? at::kFloat : tensor.scalar_type();
  return tensor.detach().to(at::kCPU, dtype).clone(at::MemoryFormat::Contiguous);
}

Scope scope_of(NetworkModuleImpl& module, ScriptVariant variant) {
  std::set<std::string> norms;
  for (const Node& node : module.network().nodes()) {
    if (std::holds_alternative<BatchNorm>(node.op)) norms.insert(node.name);
  }
  const auto placed = [&](const std::string& name, const at::Tensor& value) {
    const bool is_fp32 =
        variant != ScriptVariant::kBf16 || norms.contains(name.substr(0, name.rfind('.')));
    return is_fp32 ? value : value.to(at::kBFloat16);
  };
  Scope root;
  for (const auto& item : module.named_parameters()) {
    const auto [scope, leaf] = root.locate(item.key());
    scope->parameters.emplace_back(leaf,
                                   placed(item.key(), exported(item.value())).requires_grad_(true));
  }
  for (const auto& item : module.named_buffers()) {
    const auto [scope, leaf] = root.locate(item.key());
    scope->buffers.emplace_back(leaf, exported(item.value()));
  }
  return root;
}

constexpr const char* kIncludes = "includes_preprocessing";
constexpr const char* kIsBf16 = "bf16";

c10::List<double> list_of(const std::vector<double>& values) {
  c10::List<double> list;
  for (const double value : values) list.push_back(value);
  return list;
}

torch::jit::Module script_module(const Scope& scope, const std::string& class_name,
                                 const std::shared_ptr<torch::jit::CompilationUnit>& unit) {
  torch::jit::Module module(c10::QualifiedName("__torch__.ridgeline." + class_name), unit,
                            /*shouldMangle=*/true);
  // eval(), train() and freeze() look for this attribute on every module.
  module.register_attribute("training", c10::BoolType::get(), true);
  for (const auto& [name, tensor] : scope.parameters)
    module.register_parameter(name, tensor, false);
  for (const auto& [name, tensor] : scope.buffers) module.register_buffer(name, tensor);
  for (const auto& [name, child] : scope.children) {
    module.register_module(name, script_module(child, "Layer", unit));
  }
  return module;
}

}  // namespace

void export_torchscript(NetworkModule& module, const std::filesystem::path& path,
                        const ExportInput& input, ScriptVariant variant) {
  const auto& normalization = input.normalization;
  require_normalization(input);
  const auto unit = std::make_shared<torch::jit::CompilationUnit>();
  torch::jit::Module script = script_module(scope_of(*module, variant), "Network", unit);
  if (normalization) {
    script.register_attribute("mean", c10::ListType::ofFloats(), list_of(normalization->mean));
    script.register_attribute("std", c10::ListType::ofFloats(), list_of(normalization->deviation));
    script.register_attribute(kIncludes, c10::BoolType::get(), input.include_preprocessing);
  }
  const bool is_bf16 = variant == ScriptVariant::kBf16;
  if (is_bf16) script.register_attribute(kIsBf16, c10::BoolType::get(), true);
  script.define(torchscript_forward(module->network(),
                                    {.normalizes = input.include_preprocessing, .bf16 = is_bf16}));
  script.eval();
  if (variant == ScriptVariant::kFrozen) {
    script = torch::jit::freeze(script, normalization
                                            ? std::vector<std::string>{"mean", "std", kIncludes}
                                            : std::vector<std::string>{});
  }
  std::ostringstream bytes;
  script.save(bytes);
  write_file_atomic(path, bytes.str());
}

void export_untrained_torchscript(const Network& network, const std::filesystem::path& path) {
  NetworkModule module(network, /*seed=*/1);
  export_torchscript(module, path);
}

namespace {

torch::jit::Module loaded_script(const std::filesystem::path& path) {
  try {
    torch::jit::Module script = torch::jit::load(path.string(), at::kCPU);
    if (script.hasattr("training")) script.eval();
    return script;
  } catch (const c10::Error& error) {
    throw Error(ErrorKind::kIo, path.string() + ": cannot be loaded as TorchScript: " +
                                    error.what_without_backtrace());
  }
}

}  // namespace

LoadedScript::LoadedScript(const std::filesystem::path& path)
    : path_(path), script_(std::make_shared<torch::jit::Module>(loaded_script(path))) {}

at::Tensor LoadedScript::run(const at::Tensor& images) const {
  const at::NoGradGuard no_grad;
  const torch::jit::GraphOptimizerEnabledGuard as_written(false);  // pays for many runs only
  try {
    return script_->forward({images}).toTensor();
  } catch (const std::exception& error) {
    const std::string text = error.what();
    throw Error(ErrorKind::kRun,
                path_.string() + ": does not run: " + text.substr(0, text.find('\n')));
  }
}

ScriptVariant LoadedScript::variant() const {
  if (script_->hasattr(kIsBf16)) return ScriptVariant::kBf16;
  return script_->parameters().size() == 0 ? ScriptVariant::kFrozen : ScriptVariant::kTrainable;
}

ExportInput LoadedScript::input() const {
  if (!script_->hasattr("mean") || !script_->hasattr("std")) return {};
  return {
      Normalization{script_->attr("mean").toDoubleVector(), script_->attr("std").toDoubleVector()},
      script_->hasattr(kIncludes) && script_->attr(kIncludes).toBool()};
}

ScriptOutputs run_torchscript(const std::filesystem::path& path, const at::Tensor& images) {
  const LoadedScript script(path);
  return {script.run(images), script.variant()};
}

}  // namespace ridgeline
