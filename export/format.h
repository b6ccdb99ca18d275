#pragma once

#include "core/config.h"

namespace ridgeline {

/// What a bundle can hold; docs/file_formats.md lists the files of each.
enum class ExportFormat {
  kYaml,
  kTorchScript,
  kTorchScriptFrozen,
  kTorchScriptBf16,
  kPyTorch,
  kSafeTensors,
  kOnnx,
  kSummary,
  kCard,
};
template <>
struct EnumNames<ExportFormat> {
  static constexpr std::array<std::pair<ExportFormat, const char*>, 9> values{
      {{ExportFormat::kYaml, "yaml"},
       {ExportFormat::kTorchScript, "torchscript"},
       {ExportFormat::kTorchScriptFrozen, "torchscript_frozen"},
       {ExportFormat::kTorchScriptBf16, "torchscript_bf16"},
       {ExportFormat::kPyTorch, "pytorch"},
       {ExportFormat::kSafeTensors, "safetensors"},
       {ExportFormat::kOnnx, "onnx"},
       {ExportFormat::kSummary, "summary"},
       {ExportFormat::kCard, "card"}}};
};

}  // namespace ridgeline
