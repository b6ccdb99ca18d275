#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "export/format.h"
#include "export/input.h"
#include "export/model_card.h"
#include "search_space/architecture.h"

namespace ridgeline {

class NetworkModule;

/// The formats of a comma-separated list ("yaml,torchscript"), each once; "all": every one that
/// this build can write. Throws `kUsage` for an empty list or another word.
std::vector<ExportFormat> export_formats_from_text(const std::string& text);

/// Throws `kUsage` with the remedy when this build cannot write one of them.
void require_formats(const std::vector<ExportFormat>& formats);

struct ExportedFile {
  std::filesystem::path path;
  uint64_t bytes = 0;
  double largest_difference = 0;  ///< of the reloaded outputs, relative as in export/verify.h
  std::string checked_by;         ///< the program that reloaded it, or why it was not checked
  bool was_checked = true;
  std::optional<double> accuracy = {};  ///< on the held-out images
};
struct ExportReport {
  std::vector<ExportedFile> files;
  std::string input = {};  ///< what images the network wants, in words; empty: not known
};

/// Held-out images on which every file that can be run is scored.
struct HeldOutScore {
  double network = 0;  ///< accuracy of the network itself on them
  int images = 0;
  /// The accuracy of an exported file; nothing where no program here runs it.
  std::function<std::optional<double>(const std::filesystem::path& file)> of_file;
};

struct BundleOptions {
  std::vector<ExportFormat> formats;
  ExportInput input = {};  ///< the normalization is written into every file
  NetworkFacts facts = {};
  std::optional<HeldOutScore> held_out = {};
};

/// Writes `architecture` and the weights of `module`, which must be its lowered network in fp32 on
/// the CPU (another device's rounding would count as a difference), into `folder`. Every file is
/// first written into a folder of its own there, loaded back and compared with the original; only
/// when all are right do they get their names, in place of those of an earlier export. With
/// `facts.trained` false, formats with weights are left out. Throws `kUsage` for preprocessing
/// without a normalization or a format that this build does not write, `kRun` when a file differs
/// or scores otherwise on the held-out images, or the network gives NaN, `kIo` when the folder
/// cannot be written.
ExportReport export_bundle(const NetworkSource& source, NetworkModule& module,
                           const BundleOptions& options, const std::filesystem::path& folder);

/// The same for the network with the trained weights of the file `weights`, or with those it starts
/// from under `seed` where `weights` is empty.
ExportReport export_bundle(const NetworkSource& source, const std::filesystem::path& weights,
                           uint64_t seed, const BundleOptions& options,
                           const std::filesystem::path& folder);

/// The same for a point of plain decisions: architecture.yaml. Throws `kConfig` for a format that
/// needs a network.
ExportReport export_decisions(const Architecture& architecture,
                              const std::vector<ExportFormat>& formats,
                              const std::filesystem::path& folder);

/// Writes a network with random weights, the same at each call, as model.ts.pt and weights.pt: for
/// trying out who can open them. Throws `kIo`.
void export_untrained(const Network& network, const std::filesystem::path& folder);

}  // namespace ridgeline
