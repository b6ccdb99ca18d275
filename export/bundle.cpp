#include "export/bundle.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "core/file.h"
#include "export/compare.h"
#include "export/torchscript.h"
#include "runtime/network_module.h"
#include "runtime/weights.h"

namespace ridgeline {
namespace {

constexpr uint64_t kProbeSeed = 2021;

ExportedFile checked(const std::filesystem::path& path, double difference) {
  if (std::isnan(difference)) {
    throw Error(ErrorKind::kRun, path.string() +
                                     ": the network gives NaN for a random image; its weights "
                                     "have diverged and are not worth exporting");
  }
  if (difference > kExportTolerance) {
    throw Error(ErrorKind::kRun, path.string() +
                                     ": the reloaded network differs from the original by " +
                                     ConfigWriter::plain_number(difference) + "; at most " +
                                     ConfigWriter::plain_number(kExportTolerance) +
                                     " is rounding; the file must not be used");
  }
  return {path, std::filesystem::file_size(path), difference};
}

ExportedFile export_yaml(const Architecture& architecture, const std::filesystem::path& path,
                         const std::optional<Normalization>& normalization = {}) {
  write_file_atomic(path, to_yaml(architecture) +
                              (normalization ? "normalization: " + to_text(*normalization) + "\n"
                                             : std::string()));
  if (!(load_architecture(path) == architecture)) {
    throw Error(ErrorKind::kRun, path.string() + ": the reloaded architecture is not the original");
  }
  return checked(path, 0);
}

ExportedFile export_weights(const Architecture& architecture, NetworkModule& module,
                            const std::filesystem::path& path) {
  save_weights(*module, path);
  NetworkModule reloaded(lower(architecture), /*seed=*/0);
  load_weights(*reloaded, path);
  reloaded->eval();
  return checked(path,
                 output_difference(
                     module, [&](const torch::Tensor& images) { return reloaded->forward(images); },
                     kProbeSeed));
}

ExportedFile export_script(NetworkModule& module, const BundleOptions& options,
                           const std::filesystem::path& path) {
  export_torchscript(module, path, options.normalization, options.include_preprocessing);
  return checked(path, verify_torchscript(module, path, kProbeSeed));
}

/// Compares the nodes' names and shapes: enough to tell two lowered architectures apart but for
/// rates.
void check_same_network(const Architecture& architecture, const Network& network) {
  const Network lowered = lower(architecture);
  const bool same = std::equal(
      lowered.nodes().begin(), lowered.nodes().end(), network.nodes().begin(),
      network.nodes().end(), [](const Node& a, const Node& b) {
        return a.name == b.name && a.shape == b.shape && describe(a.op) == describe(b.op);
      });
  if (!same) {
    throw Error(ErrorKind::kInternal,
                "export: the module is not the network of architecture " + architecture.name);
  }
}

}  // namespace

std::vector<ExportFormat> export_formats_from_text(const std::string& text) {
  std::vector<ExportFormat> formats;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    const auto& known = EnumNames<ExportFormat>::values;
    const auto entry = std::find_if(known.begin(), known.end(),
                                    [&](const auto& item) { return word == item.second; });
    if (entry == known.end()) {
      throw Error(ErrorKind::kUsage, "export format '" + word +
                                         "' is not one of: " + join(enum_choices<ExportFormat>()));
    }
    if (std::find(formats.begin(), formats.end(), entry->first) == formats.end()) {
      formats.push_back(entry->first);
    }
  }
  if (formats.empty()) {
    throw Error(ErrorKind::kUsage, "no export format given; valid, separated by commas: " +
                                       join(enum_choices<ExportFormat>()));
  }
  return formats;
}

ExportReport export_bundle(const Architecture& architecture, const std::filesystem::path& weights,
                           uint64_t seed, const BundleOptions& options,
                           const std::filesystem::path& folder) {
  NetworkModule module(lower(architecture), seed);
  if (!weights.empty()) load_weights(*module, weights);
  module->eval();
  return export_bundle(architecture, module, options, folder);
}

void export_untrained(const Network& network, const std::filesystem::path& folder) {
  NetworkModule module(network, /*seed=*/1);
  export_torchscript(module, folder / "model.ts.pt");
  save_weights(*module, folder / "weights.pt");
}

ExportReport export_decisions(const Architecture& architecture,
                              const std::vector<ExportFormat>& formats,
                              const std::filesystem::path& folder) {
  for (const ExportFormat format : formats) {
    if (format == ExportFormat::kYaml) continue;
    throw Error(ErrorKind::kConfig, "export: " + architecture.name +
                                        " is plain decisions and has no network to write as " +
                                        enum_name(format) + "; valid: yaml");
  }
  make_folder(folder);
  return {{export_yaml(architecture, folder / "architecture.yaml")}};
}

ExportReport export_bundle(const Architecture& architecture, NetworkModule& module,
                           const BundleOptions& given, const std::filesystem::path& folder) {
  check_same_network(architecture, module->network());
  BundleOptions options = given;
  ExportReport report;
  if (options.normalization) {
    options.normalization = for_channels(*options.normalization, architecture.input_channels);
    report.input =
        "input: pixels from 0 to 1, " +
        std::string(options.include_preprocessing ? "which model.ts.pt normalizes itself"
                                                  : "normalized by (pixel - mean) / std") +
        ", with " + to_text(*options.normalization);
  }
  make_folder(folder);
  for (const ExportFormat format : options.formats) {
    switch (format) {
      case ExportFormat::kYaml:
        report.files.push_back(
            export_yaml(architecture, folder / "architecture.yaml", options.normalization));
        break;
      case ExportFormat::kTorchScript:
        report.files.push_back(export_script(module, options, folder / "model.ts.pt"));
        report.files.push_back(export_weights(architecture, module, folder / "weights.pt"));
        break;
    }
  }
  return report;
}

}  // namespace ridgeline
