#pragma once

#include <optional>
#include <string>
#include <vector>

#include "accuracy/zero_cost_config.h"
#include "core/config.h"
#include "experiments/early_stopping_config.h"

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
  FilterConfig filter;
  EarlyStoppingConfig early_stopping;

  template <class V>
  void describe(V& v) {
    v.field("mode", mode,
            {.help = "synchronous: one batch after the other, the same trials on any machine; "
                     "asynchronous: no worker waits, but results depend on the order in which "
                     "trials finish"});
    v.field("trials", trials,
            {.help = "number of networks to propose, including repeated ones",
             .min = 1,
             .max = 999999});
    v.field("batch", batch,
            {.help = "proposals per controller update (NASNet: 20)", .min = 1, .max = 100000});
    v.field(
        "duplicates", duplicates,
        {.help =
             "for a network that was proposed before. reuse: do not train it again, the controller "
             "receives the known reward once more; resample: draw another network, up to 100 "
             "times, then reuse; measure_again: train it again with other random numbers, the "
             "controller receives each reward (for noisy trials; set controller.redraws: 0)"});
    v.field("warm_start", warm_start,
            {.help = "list of architecture files in the space that are proposed first; the "
                     "controller learns from them as from its own proposals"});
    v.field("stop_without_improvement", stop_without_improvement,
            {.help = "end the search after this many trials without a better reward; 0: never",
             .unit = "trials",
             .min = 0,
             .max = 1e6});
    v.field("stop_entropy", stop_entropy,
            {.help = "reinforce, ppo: end the search when an update finds a mean entropy per "
                     "sample below this; 0: never",
             .unit = "nats",
             .min = 0.0,
             .max = 1e6});
    v.field(
        "stop_after", stop_after,
        {.help =
             "end the search after this time, such as 90m, 8h or 2d; counts the time in which a "
             "process was searching, over all resumes; running trials are finished; empty: never"});
    v.field("importance_clip", importance_clip,
            {.help = "upper limit of a sample's importance weight p_now / p_then in the update, so "
                     "that one rare sample of an old policy cannot outweigh a batch",
             .min = 1.0,
             .max = 1e6},
            used_by("mode", mode, {SearchMode::kAsynchronous}));
    v.field("max_latency_ratio", max_latency_ratio,
            {.help = "a network slower than this times the target is not trained and gets status "
                     "infeasible; 0: train all",
             .min = 0.0,
             .max = 1e9});
    v.field(
        "failure_reward", failure_reward,
        {.help =
             "reward of a failed or infeasible trial; ~: the reward of accuracy 0 at "
             "max_latency_ratio times the target (0 for mnas_soft and mnas_hard; -1 for "
             "constraint, where an infeasible trial is graded by how far it exceeds the limits)",
         .min = -100.0,
         .max = 1.0});
    v.field(
        "max_failures_in_a_row", max_failures_in_a_row,
        {.help = "stop the run after this many failed trainings in a row", .min = 1, .max = 1e6});
    v.section("filter", filter, "which proposals are trained, by a zero-cost score");
    v.section("early_stopping", early_stopping, "stopping poor trials before their last epoch");
  }
};

}  // namespace ridgeline
