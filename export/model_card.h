#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "export/input.h"
#include "network/published/network_source.h"

namespace ridgeline {

struct LatencyFact {
  std::string device;    ///< "tpu_v3, batch 128, bf16"
  double ms = 0;         ///< of one batch
  std::string method;    ///< "roofline", "measured", ...
  double target_ms = 0;  ///< 0: none
};

/// What is known of a network beside its graph. All of it may be empty.
struct NetworkFacts {
  std::string found = {};               ///< a sentence: how the architecture came about
  std::string data = {};                ///< a sentence: on what it was trained
  std::optional<double> accuracy = {};  ///< fraction
  std::string accuracy_of = {};         ///< "the test images, after the final training"
  int accuracy_images = 0;              ///< so many; 0: not known
  std::vector<LatencyFact> latencies = {};
  bool trained = true;  ///< false: there are no weights worth having
};

/// The facts as texts by name, for the formats that have a place for such notes.
std::vector<std::pair<std::string, std::string>> notes_of(const NetworkSource& source,
                                                          const ExportInput& input,
                                                          const NetworkFacts& facts);

/// The same as JSON, with the architecture and its cost.
std::string summary_json(const NetworkSource& source, const ExportInput& input,
                         const NetworkFacts& facts);

/// For people, in Markdown: how the network was found, on what data, accuracy, latency, limits, and
/// how to load each of `files` (names in the folder of the card).
std::string model_card(const NetworkSource& source, const ExportInput& input,
                       const NetworkFacts& facts, const std::vector<std::string>& files);

}  // namespace ridgeline
