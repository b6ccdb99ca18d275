#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/config.h"

namespace ridgeline {

enum class SearchMode { kSynchronous, kAsynchronous };
template <>
struct EnumNames<SearchMode> {
  static constexpr std::array<std::pair<SearchMode, const char*>, 2> values{
      {{SearchMode::kSynchronous, "synchronous"}, {SearchMode::kAsynchronous, "asynchronous"}}};
};

/// What becomes of a network that was proposed before.
enum class DuplicatePolicy { kReuse, kResample, kMeasureAgain };
template <>
struct EnumNames<DuplicatePolicy> {
  static constexpr std::array<std::pair<DuplicatePolicy, const char*>, 3> values{
      {{DuplicatePolicy::kReuse, "reuse"},
       {DuplicatePolicy::kResample, "resample"},
       {DuplicatePolicy::kMeasureAgain, "measure_again"}}};
};

struct SearchConfig {
  SearchMode mode = SearchMode::kSynchronous;
  int trials = 48;
  int batch = 8;
  DuplicatePolicy duplicates = DuplicatePolicy::kReuse;
  std::optional<std::vector<std::string>> warm_start;
  int stop_without_improvement = 0;
  double stop_entropy = 0;
  std::string stop_after;
  double importance_clip = 2.0;
  double max_latency_ratio = 4.0;
  std::optional<double> failure_reward = {};
  int max_failures_in_a_row = 20;

  template <class V>
  void describe(V& v) {
    v.field("mode", mode,
            {.help = "synchronous: batch by batch, the same trials on any machine; asynchronous: "
                     "no worker waits, and results depend on the order of arrival"});
    v.field("trials", trials,
            {.help = "networks to propose, duplicates included", .min = 1, .max = 999999});
    v.field("batch", batch,
            {.help = "proposals per controller update (NASNet: 20)", .min = 1, .max = 100000});
    v.field("duplicates", duplicates,
            {.help = "a network proposed before: reuse: not trained again, the controller is told "
                     "its known reward once more; resample: drawn again up to 100 times, so that "
                     "the controller learns from new networks only, then reused; measure_again: "
                     "trained again with other random numbers, and the controller is told each "
                     "reward: for noisy trials, with controller.redraws: 0"});
    v.field(
        "warm_start", warm_start,
        {.help = "list of architecture files of the space that are proposed first, whatever the "
                 "controller would propose; it learns from them as from its own"});
    v.field("stop_without_improvement", stop_without_improvement,
            {.help = "so many trials without a better reward end the search; 0: never",
             .unit = "trials",
             .min = 0,
             .max = 1e6});
    v.field("stop_entropy", stop_entropy,
            {.help = "controllers with a policy: an update that finds a mean entropy "
                     "per sample below this ends the search; 0: never",
             .unit = "nats",
             .min = 0.0,
             .max = 1e6});
    v.field("stop_after", stop_after,
            {.help = "ends the search once it has run so long, such as 90m, 8h or 2d: time that a "
                     "process was searching, over all resumes; what is running is awaited; empty: "
                     "never"});
    v.field("importance_clip", importance_clip,
            {.help = "asynchronous: a sample counts p_now / p_then times in the update, at most so "
                     "often; a rare sample of an old policy must not outweigh a batch",
             .min = 1.0,
             .max = 1e6});
    v.field("max_latency_ratio", max_latency_ratio,
            {.help = "a network slower than this times the target is not trained: status "
                     "infeasible; 0: train all",
             .min = 0.0,
             .max = 1e9});
    v.field("failure_reward", failure_reward,
            {.help = "what the controller is told for a failed or infeasible trial; ~: the reward "
                     "of accuracy 0 at max_latency_ratio times the target, 0 for the MnasNet "
                     "forms; -1 for a constraint, which grades infeasible ones by their excess",
             .min = -100.0,
             .max = 1.0});
    v.field(
        "max_failures_in_a_row", max_failures_in_a_row,
        {.help = "so many failed trainings one after another stop the run", .min = 1, .max = 1e6});
  }
};

}  // namespace ridgeline
