#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "accuracy/evaluator.h"
#include "scaling/compound.h"
#include "search_space/architecture.h"
#include "search_space/decision.h"

namespace ridgeline {

/// Which part of an experiment asked for a trial.
enum class Phase { kSearch, kFinalists, kFinal, kScaling };
template <>
struct EnumNames<Phase> {
  static constexpr std::array<std::pair<Phase, const char*>, 4> values{
      {{Phase::kSearch, "search"},
       {Phase::kFinalists, "finalists"},
       {Phase::kFinal, "final"},
       {Phase::kScaling, "scaling"}}};
};

/// On one accelerator. The main accelerator has no name.
struct AcceleratorLatency {
  std::string accelerator;
  double ms = 0;
};

/// The only record of what was tried. `id` counts from 0 in the search, from `kFirstFinalId`,
/// `kFirstFinalistId` and `kFirstScalingId` in the other phases; random streams derive from (seed,
/// id).
struct Trial {
  uint64_t id = 0;
  Phase phase = Phase::kSearch;
  int batch = 0;              ///< controller update that learns the trial; 0 outside the search
  Genotype genotype;          ///< empty in the phases final and scaling
  Architecture architecture;  ///< without stages and decisions where it was not read
  TrialStatus status = TrialStatus::kPending;
  double accuracy = 0;  ///< fraction; of a stopped trial, after its last epoch
  double reward = 0;    ///< what the controller receives
  double loss = 0;
  int64_t params = 0;
  int64_t madds = 0;
  int64_t reused_from = -1;  ///< id of the trial with the same genotype, or -1
  /// Wall time; like `finished_at` the only columns that differ between equal runs.
  double seconds = 0;
  std::string finished_at;                           ///< UTC, ISO 8601
  std::string cause;                                 ///< of a failure, or of a doubt
  std::optional<CompoundCoefficients> coefficients;  ///< of a scaling trial
  uint64_t commit_index = 0;  ///< in the order of commits; given by the store
  /// In the order of `ExperimentConfig::targets`: the main accelerator's first. Empty: not priced.
  std::vector<AcceleratorLatency> latencies = {};
  int stopped_at_epoch = 0;  ///< of a stopped trial, its last epoch, from 1; else 0

  /// On the main accelerator; 0 where there is none.
  double latency_ms() const { return latencies.empty() ? 0 : latencies[0].ms; }
  /// Without the main accelerator's.
  std::span<const AcceleratorLatency> additional_latencies() const {
    return std::span(latencies).subspan(latencies.empty() ? 0 : 1);
  }
};

inline constexpr uint64_t kFirstFinalId = 1000000;
inline constexpr uint64_t kFirstFinalistId = 1100000;
inline constexpr uint64_t kFirstScalingId = 2000000;
inline constexpr uint64_t kDryTrialId = 9000000;  ///< of the pre-flight; never recorded

/// Higher reward first; then lower latency; then the earlier trial. A trial that is not complete is
/// never better.
bool better(const Trial& a, const Trial& b);

/// A repeated network, with the result of its twin; it keeps what identifies it in the run.
Trial like_twin(const Trial& repeat, const Trial& twin);

/// Drops what the store has and a search does not need again: most of a trial's memory.
void forget_architecture(Trial& trial);

/// "2026-11-23T17:28:00Z"
std::string utc_now();

}  // namespace ridgeline
