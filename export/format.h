#pragma once

#include "core/config.h"

namespace ridgeline {

/// What a bundle can hold. yaml: architecture.yaml; torchscript: model.ts.pt and its bare
/// weights.pt.
enum class ExportFormat { kYaml, kTorchScript };
template <>
struct EnumNames<ExportFormat> {
  static constexpr std::array<std::pair<ExportFormat, const char*>, 2> values{
      {{ExportFormat::kYaml, "yaml"}, {ExportFormat::kTorchScript, "torchscript"}}};
};

}  // namespace ridgeline
