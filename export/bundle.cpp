#include "export/bundle.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "core/file.h"
#include "core/units.h"
#include "export/onnx.h"
#include "export/pytorch_source.h"
#include "export/torchscript.h"
#include "export/verify.h"
#include "runtime/network_module.h"
#include "runtime/safetensors.h"
#include "runtime/weights.h"

namespace ridgeline {
namespace {

/// Where files stand until all of them are checked.
class StagingFolder {
 public:
  explicit StagingFolder(const std::filesystem::path& folder)
      : folder_(folder), path_(folder / (".unchecked-" + std::to_string(getpid()))) {
    make_folder(path_);
  }
  ~StagingFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  StagingFolder(const StagingFolder&) = delete;
  StagingFolder& operator=(const StagingFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// A message about files here, by the names that they were to get.
  std::string named_in_folder(std::string message) const {
    const std::string here = path_.string();
    const size_t at = message.find(here);
    return at == std::string::npos ? message : message.replace(at, here.size(), folder_.string());
  }

  /// Gives a file its name, in place of an earlier one.
  void release(const std::string& file) const {
    std::error_code error;
    std::filesystem::rename(path_ / file, folder_ / file, error);
    if (!error) return;
    throw Error(ErrorKind::kIo,
                (folder_ / file).string() + ": cannot be put in place: " + error.message());
  }

 private:
  std::filesystem::path folder_, path_;
};

bool has_weights(ExportFormat format) {
  return format != ExportFormat::kYaml && format != ExportFormat::kPyTorch &&
         format != ExportFormat::kSummary && format != ExportFormat::kCard;
}

/// Writes the files of one export and names them.
class BundleWriter {
 public:
  BundleWriter(const NetworkSource& source, NetworkModule& module, const BundleOptions& options,
               const std::filesystem::path& folder)
      : source_(source), module_(module), options_(options), folder_(folder) {}

  /// The names of the files, in the order of the formats; the card last, since it names the others.
  std::vector<std::string> write() {
    for (const ExportFormat format : options_.formats) {
      if (options_.facts.trained || !has_weights(format)) write(format);
    }
    if (std::find(options_.formats.begin(), options_.formats.end(), ExportFormat::kCard) !=
        options_.formats.end()) {
      write_file_atomic(file("README.md"),
                        model_card(source_, options_.input, options_.facts, files_));
    }
    return files_;
  }

 private:
  std::filesystem::path file(const std::string& name) {
    if (std::find(files_.begin(), files_.end(), name) == files_.end()) files_.push_back(name);
    return folder_ / name;
  }

  void write(ExportFormat format) {
    const ExportInput& input = options_.input;
    switch (format) {
      case ExportFormat::kYaml:
        return write_yaml();
      case ExportFormat::kTorchScript:
        export_torchscript(module_, file("model.ts.pt"), input);
        return save_weights(*module_, file("weights.pt"));
      case ExportFormat::kTorchScriptFrozen:
        return export_torchscript(module_, file("model_frozen.ts.pt"), input,
                                  ScriptVariant::kFrozen);
      case ExportFormat::kTorchScriptBf16:
        return export_torchscript(module_, file("model_bf16.ts.pt"), input, ScriptVariant::kBf16);
      case ExportFormat::kPyTorch:
        write_file_atomic(file("model.py"), pytorch_source(module_->network(), input));
        if (options_.facts.trained) write_safetensors();
        return;
      case ExportFormat::kSafeTensors:
        return write_safetensors();
      case ExportFormat::kOnnx:
        return export_onnx(module_, file("model.onnx"),
                           {input, notes_of(source_, input, options_.facts)});
      case ExportFormat::kSummary:
        return write_file_atomic(file("summary.json"),
                                 summary_json(source_, input, options_.facts));
      case ExportFormat::kCard:
        return;
    }
  }

  void write_yaml() {
    const auto& normalization = options_.input.normalization;
    const std::filesystem::path path = file("architecture.yaml");
    write_file_atomic(
        path, source_.yaml() + (normalization ? "normalization: " + to_text(*normalization) + "\n"
                                              : std::string()));
    if (load_network_source(path) == source_) return;
    throw Error(ErrorKind::kRun, path.string() + ": the reloaded architecture is not the original");
  }

  void write_safetensors() {
    SafeTensors content;
    for (const auto& item : module_->named_parameters())
      content.tensors.emplace(item.key(), item.value());
    for (const auto& item : module_->named_buffers())
      content.tensors.emplace(item.key(), item.value());
    for (const auto& [key, value] : notes_of(source_, options_.input, options_.facts))
      content.metadata.emplace(key, value);
    save_safetensors(content, file("model.safetensors"));
  }

  const NetworkSource& source_;
  NetworkModule& module_;
  const BundleOptions& options_;
  std::filesystem::path folder_;
  std::vector<std::string> files_;
};

bool can_be_run(const std::string& file) {
  return file.ends_with(".ts.pt") || file.ends_with(".onnx") || file.ends_with(".py");
}

/// The accuracy of a file; an error where it is not the network's.
std::optional<double> accuracy_of(const std::filesystem::path& path, const HeldOutScore& held_out) {
  const auto accuracy = held_out.of_file(path);
  if (!accuracy) return std::nullopt;
  // An image on the border between two classes may fall to either side, in bf16 some may.
  const bool bf16 = path.filename() == "model_bf16.ts.pt";
  const double allowed = (bf16 ? 0.03 : 0.002) + 1.0 / held_out.images;
  if (std::abs(*accuracy - held_out.network) > allowed) {
    throw Error(ErrorKind::kRun, path.string() + ": classifies " + format_percent(*accuracy, 2) +
                                     " of " + std::to_string(held_out.images) +
                                     " held-out images rightly, the network itself " +
                                     format_percent(held_out.network, 2));
  }
  return accuracy;
}

/// Compares the nodes' names and shapes: enough to tell two lowered architectures apart but for
/// rates.
void check_same_network(const NetworkSource& source, const Network& network) {
  const Network lowered = source.network();
  const bool same = std::equal(
      lowered.nodes().begin(), lowered.nodes().end(), network.nodes().begin(),
      network.nodes().end(), [](const Node& a, const Node& b) {
        return a.name == b.name && a.shape == b.shape && describe(a.op) == describe(b.op);
      });
  if (!same) {
    throw Error(ErrorKind::kInternal, "export: the module is not the network of " + source.name());
  }
}

}  // namespace

std::vector<ExportFormat> export_formats_from_text(const std::string& text) {
  std::vector<ExportFormat> formats;
  std::istringstream words(text);
  const auto add = [&](ExportFormat format) {
    if (std::find(formats.begin(), formats.end(), format) == formats.end())
      formats.push_back(format);
  };
  for (std::string word; std::getline(words, word, ',');) {
    const auto& known = EnumNames<ExportFormat>::values;
    const auto entry = std::find_if(known.begin(), known.end(),
                                    [&](const auto& item) { return word == item.second; });
    if (word == "all") {
      for (const auto& [format, name] : known) {
        if (format != ExportFormat::kOnnx || onnx_missing().empty()) add(format);
      }
    } else if (entry == known.end()) {
      throw Error(ErrorKind::kUsage, "export format '" + word + "' is not one of: " +
                                         join(enum_choices<ExportFormat>()) + ", all");
    } else {
      add(entry->first);
    }
  }
  if (formats.empty()) {
    throw Error(ErrorKind::kUsage, "no export format given; valid, separated by commas: " +
                                       join(enum_choices<ExportFormat>()) + ", all");
  }
  return formats;
}

void require_formats(const std::vector<ExportFormat>& formats) {
  const bool wants_onnx =
      std::find(formats.begin(), formats.end(), ExportFormat::kOnnx) != formats.end();
  if (wants_onnx && !onnx_missing().empty())
    throw Error(ErrorKind::kUsage, "export format onnx: " + onnx_missing());
}

ExportReport export_bundle(const NetworkSource& source, const std::filesystem::path& weights,
                           uint64_t seed, const BundleOptions& options,
                           const std::filesystem::path& folder) {
  NetworkModule module(source.network(), seed);
  if (!weights.empty()) load_weights(*module, weights);
  module->eval();
  return export_bundle(source, module, options, folder);
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
  const std::filesystem::path path = folder / "architecture.yaml";
  write_file_atomic(path, to_yaml(architecture));
  if (!(load_architecture(path) == architecture)) {
    throw Error(ErrorKind::kRun, path.string() + ": the reloaded architecture is not the original");
  }
  return {{{path, std::filesystem::file_size(path), 0, "its form only"}}};
}

ExportReport export_bundle(const NetworkSource& source, NetworkModule& module,
                           const BundleOptions& given, const std::filesystem::path& folder) {
  check_same_network(source, module->network());
  require_formats(given.formats);
  require_normalization(given.input);
  BundleOptions options = given;
  ExportReport report;
  if (auto& normalization = options.input.normalization) {
    normalization =
        for_channels(*normalization, static_cast<int>(module->network().input_shape().channels));
    report.input =
        "input: pixels from 0 to 1, " +
        std::string(options.input.include_preprocessing ? "which the files normalize themselves"
                                                        : "normalized by (pixel - mean) / std") +
        ", with " + to_text(*normalization);
  }
  make_folder(folder);
  const StagingFolder staging(folder);
  const bool is_run =
      std::any_of(options.formats.begin(), options.formats.end(), [&](ExportFormat format) {
        return format == ExportFormat::kPyTorch || (options.facts.trained && has_weights(format));
      });
  const Probe probe = is_run ? make_probe(module, options.input) : Probe{};
  std::vector<std::string> files;
  try {
    files = BundleWriter(source, module, options, staging.path()).write();
    for (const std::string& file : files) {
      const std::filesystem::path path = staging.path() / file;
      const FileCheck check = check_file(path, probe, module->network());
      report.files.push_back(
          {folder / file, std::filesystem::file_size(path), check.difference,
           check.missing.empty() ? check.program : "not checked: " + check.missing,
           check.missing.empty()});
      const bool runs = check.missing.empty() && options.facts.trained && can_be_run(file);
      if (options.held_out && runs)
        report.files.back().accuracy = accuracy_of(path, *options.held_out);
    }
  } catch (const Error& error) {
    throw Error(error.kind(), staging.named_in_folder(error.what()));
  }
  if (is_run) {
    save_probe(probe, staging.path() / kProbeFile);
    files.push_back(kProbeFile);
  }
  for (const std::string& file : files) staging.release(file);
  return report;
}

}  // namespace ridgeline
