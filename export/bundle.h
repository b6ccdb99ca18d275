#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "accuracy/normalization.h"
#include "export/format.h"
#include "search_space/architecture.h"

namespace ridgeline {

class NetworkModule;

/// The formats of a comma-separated list ("yaml,torchscript"), each once. Throws `kUsage` for an
/// empty list or another word.
std::vector<ExportFormat> export_formats_from_text(const std::string& text);

struct ExportedFile {
  std::filesystem::path path;
  uint64_t bytes = 0;
  double largest_difference = 0;  ///< of the reloaded outputs, relative as in export/compare.h
};
struct ExportReport {
  std::vector<ExportedFile> files;
  std::string input = {};  ///< what images the network wants, in words; empty: not known
};

struct BundleOptions {
  std::vector<ExportFormat> formats;
  /// Of the images that the network was trained on: written into every file. None: not known.
  std::optional<Normalization> normalization = {};
  bool include_preprocessing = false;  ///< model.ts.pt takes pixels from 0 to 1, normalizes itself
};

/// Largest difference that still counts as the same network.
inline constexpr double kExportTolerance = 1e-5;

/// Writes `architecture` and the weights of `module`, which must be its lowered network in fp32 on
/// the CPU (another device's rounding would count as a difference), into `folder`, loads every file
/// back and compares it with the original. Throws `kUsage` for preprocessing without a
/// normalization, `kRun` when one differs or gives NaN, `kIo` when the folder cannot be written.
ExportReport export_bundle(const Architecture& architecture, NetworkModule& module,
                           const BundleOptions& options, const std::filesystem::path& folder);

/// The same for the network with the trained weights of the file `weights`, or with those it starts
/// from under `seed` where `weights` is empty.
ExportReport export_bundle(const Architecture& architecture, const std::filesystem::path& weights,
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
