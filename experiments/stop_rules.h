#pragma once

#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "controller/controller.h"
#include "experiments/config.h"
#include "experiments/store/store.h"

namespace ridgeline {

/// The rules that end a search before its trials are used up (`search.stop_...`), and the watch on
/// a policy that collapses early. Two of the rules follow from the trials and updates in the order
/// of commits, so that a replay comes to the same end; the clock's does not. So what ended a search
/// is recorded when it does, and a resumed run ends there too.
class StopRules {
 public:
  /// `store` must outlive the rules. The clock of `search.stop_after` starts.
  StopRules(const ExperimentConfig& config, const std::vector<Decision>& decisions,
            TrialStore& store);

  /// A trial was committed, or found in the store; in the order of commits.
  void committed(const Trial& trial);
  /// An update was made; `replayed` where the store holds it already.
  void learned(const UpdateStats& stats, bool replayed);
  /// Whether the last update found the policy settled (`search.stop_entropy`).
  bool settled() const;
  /// Whether nothing more is to be proposed after `proposed` trials. Says and records why when it
  /// first is so.
  bool stop(size_t proposed);

 private:
  std::string reason() const;  // empty: none
  double elapsed_s() const;
  void watch_entropy();

  const SearchConfig& config_;
  TrialStore& store_;
  double uniform_entropy_;  // of a policy that has learned nothing, nats
  double limit_s_;          // 0: none
  double earlier_s_ = 0;    // of the processes before this one
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::optional<size_t> stopped_at_;
  size_t committed_ = 0;
  double best_reward_ = -std::numeric_limits<double>::infinity();
  size_t best_index_ = 0;  // the first trial of best_reward_, in the order of commits
  uint64_t best_id_ = 0;
  double entropy_ = -1;  // of the last update; negative: not known
  bool warned_ = false;
};

/// Why the search of a run ended before its trials were used up; empty: it did not.
std::string early_stop(const TrialStore& store);

/// Seconds of "90s", "45m", "8h", "2d" or "1.5h"; 0 for "". Throws `kConfig`, saying what would be
/// valid.
double duration_seconds(const std::string& text);

}  // namespace ridgeline
