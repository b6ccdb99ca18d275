#pragma once

#include <string>

#include "experiments/store/trial.h"

namespace ridgeline {

// The names of all facts of a run (`TrialStore::fact`). docs/file_formats.md lists their values.

inline constexpr const char* kConfigFact = "config";
inline constexpr const char* kStartedFact = "started_at";
inline constexpr const char* kFinishedFact = "finished_at";
inline constexpr const char* kStopFact = "search stopped";
inline constexpr const char* kClockFact = "search seconds";
inline constexpr const char* kNormalizationFact = "normalization";
inline constexpr const char* kSupernetFact = "shared weights";

inline constexpr const char* kPhaseFacts = "phase ";  // how each name of a phase begins
inline std::string phase_fact(Phase phase) { return kPhaseFacts + enum_name(phase); }

/// `network`: the identity of an architecture; `accelerator`: empty for the main one.
inline std::string latency_fact(uint64_t network, const std::string& accelerator) {
  return "latency of " + std::to_string(network) +
         (accelerator.empty() ? "" : " on " + accelerator);
}
/// Of a finalist, whose latency is had anew.
inline std::string finalist_latency_fact(uint64_t network, const std::string& accelerator) {
  return "finalist " + latency_fact(network, accelerator);
}
inline std::string reference_fact(const std::string& accelerator) {
  return accelerator.empty() ? "reference ms" : "reference ms of " + accelerator;
}

}  // namespace ridgeline
