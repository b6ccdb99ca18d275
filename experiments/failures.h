#pragma once

#include <string>
#include <vector>

#include "accuracy/evaluator.h"
#include "core/config.h"

namespace ridgeline {

/// What a trial that failed for good means to the search.
enum class FailureEffect { kPenalise, kIgnore, kStop };
template <>
struct EnumNames<FailureEffect> {
  static constexpr std::array<std::pair<FailureEffect, const char*>, 3> values{
      {{FailureEffect::kPenalise, "penalise"},
       {FailureEffect::kIgnore, "ignore"},
       {FailureEffect::kStop, "stop"}}};
};

struct Trial;

/// The failure policy: which failed attempts are tried again, and what the controller learns of a
/// trial that failed for good.
struct FailureConfig {
  int retries = 1;
  bool retry_crashed = true;
  bool retry_time_out = false;
  bool retry_out_of_memory = false;
  bool retry_diverged = false;
  int infrastructure_retries = 20;
  double backoff_s = 1.0;
  FailureEffect infeasible = FailureEffect::kPenalise;
  FailureEffect diverged = FailureEffect::kPenalise;
  FailureEffect out_of_memory = FailureEffect::kPenalise;
  FailureEffect time_out = FailureEffect::kPenalise;
  FailureEffect crashed = FailureEffect::kPenalise;
  FailureEffect lost = FailureEffect::kStop;

  /// Whether a trial that ended so may be tried again because of its own failure.
  bool retried(TrialStatus status) const;
  FailureEffect effect(TrialStatus status) const;
  /// Whether trials that are lost too often stop the run: then they get no result.
  bool stops_when_lost() const { return lost == FailureEffect::kStop; }

  template <class V>
  void describe(V& v) {
    v.field("retries", retries,
            {.help = "number of additional attempts after a trial failed by itself",
             .min = 0,
             .max = 100});
    v.field("retry_crashed", retry_crashed, {.help = "retry a trial whose process crashed"});
    v.field("retry_time_out", retry_time_out,
            {.help = "retry a trial that exceeded its time limit"});
    v.field("retry_out_of_memory", retry_out_of_memory,
            {.help = "retry a trial that ran out of memory; usually useless, because the same "
                     "network needs the same memory"});
    v.field(
        "retry_diverged", retry_diverged,
        {.help =
             "retry a trial that diverged; usually useless, because the same seed diverges again"});
    v.field("infrastructure_retries", infrastructure_retries,
            {.help = "number of additional attempts of a trial whose machine or job was lost, "
                     "whose data could not be read, whom the file system refused something, or "
                     "that was cancelled; counted separately from retries",
             .min = 0,
             .max = 100000});
    v.field("backoff_s", backoff_s,
            {.help = "pause before the second attempt; it doubles with each later attempt, up to "
                     "64 times this value",
             .unit = "s",
             .min = 0.0,
             .max = 3600.0});
    v.field("infeasible", infeasible,
            {.help = "effect of a trial that is infeasible. penalise: the controller receives "
                     "search.failure_reward; ignore: the trial is left out of the update; stop: "
                     "the run stops"});
    v.field("diverged", diverged, {.help = "effect of a trial whose loss became NaN or infinite"});
    v.field("out_of_memory", out_of_memory, {.help = "effect of a trial that ran out of memory"});
    v.field("time_out", time_out, {.help = "effect of a trial that exceeded its time limit"});
    v.field("crashed", crashed,
            {.help = "effect of a trial whose process crashed or refused its configuration"});
    v.field(
        "lost", lost,
        {.help = "effect of a trial that was lost more often than infrastructure_retries allows. "
                 "stop: the trial gets no result, and a resumed run tries it again"});
  }
};

/// Whether the trial's surroundings failed, not the trial.
bool is_infrastructure(TrialStatus status);

/// How many of the trials failed and why, the most frequent causes first, in one line; empty when
/// none failed. An infeasible trial did not fail: it was not trained. Nor did a stopped one.
std::string failures_line(const std::vector<Trial>& trials);

/// A complete evaluation whose accuracy is no fraction in [0, 1] becomes `diverged`, its message
/// giving the value; the accuracy of a failed one is finite.
Evaluation checked(Evaluation evaluation);

/// Whether the controller learns of the trial: false where it failed and the policy ignores that.
bool counts_in_update(const FailureConfig& policy, const Trial& trial);

/// Throws `kInfeasible`, with how to go on, where the trial failed and the policy stops the run for
/// that.
void stop_where_configured(const FailureConfig& policy, const Trial& trial, size_t commit_index);

}  // namespace ridgeline
