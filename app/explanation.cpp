#include "app/explanation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/units.h"
#include "experiments/finalists.h"

namespace ridgeline {
namespace {

/// Points of time at which the policy is looked at: its start, its end and three between them.
constexpr int kMoments = 5;

std::string share_text(double share) { return format_fixed(100 * share, 0) + " %"; }

std::string with_error(const Estimate& estimate, double scale, int digits) {
  const std::string mean = format_fixed(scale * estimate.mean, digits);
  if (std::isnan(estimate.standard_error)) return mean;
  return mean + " +- " + format_fixed(scale * estimate.standard_error, digits);
}

/// Decisions, the one that explains most first.
std::vector<size_t> by_explained(const std::vector<DecisionEffect>& effects) {
  std::vector<size_t> order(effects.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return effects[a].explained > effects[b].explained; });
  return order;
}

int choices_made(const DecisionEffect& effect) {
  return static_cast<int>(std::count_if(effect.choices.begin(), effect.choices.end(),
                                        [](const ChoiceEffect& c) { return c.trials > 0; }));
}

std::string winner_text(const Explanation& why) {
  if (!why.winner) return "no trial is complete: nothing won\n";
  const Trial& best = *why.winner;
  std::string text = "trial " + std::to_string(best.id) + " of " + std::to_string(why.trials) +
                     " won: reward " + format_fixed(best.reward, 4) + ", accuracy " +
                     format_fixed(100 * best.accuracy, 2) + " %, latency " +
                     format_ms(best.latency_ms()) +
                     "\n\nits choices, the most decisive decision first (rank of the choice by "
                     "mean reward; share of the\nreward's variance that the decision explains; "
                     "what the policy gave the choice at the start and the end)\n";
  TextTable table{{"decision", "choice", "rank", "reward", "explains", "policy"}, {}};
  for (const size_t d : by_explained(why.effects)) {
    const int choice = why.winning[d];
    if (choice == kInactive) continue;
    const auto c = static_cast<size_t>(choice);
    const ChoiceEffect& effect = why.effects[d].choices[c];
    table.rows.push_back(
        {why.decisions[d].name, why.decisions[d].labels[c],
         std::to_string(effect.rank) + "/" + std::to_string(choices_made(why.effects[d])),
         with_error(effect.reward, 1, 4), share_text(why.effects[d].explained),
         share_text(why.policy.front().marginals[d][c]) + " -> " +
             share_text(why.policy.back().marginals[d][c])});
  }
  return text + table.str();
}

std::string choices_text(const Explanation& why) {
  TextTable table{{"decision", "choice", "trials", "reward", "accuracy %", "latency ms"}, {}};
  std::vector<std::string> times;
  for (const auto& moment : why.policy) times.push_back(std::to_string(moment.trials));
  table.header.push_back("policy");
  for (size_t d = 0; d < why.decisions.size(); ++d) {
    for (size_t c = 0; c < why.effects[d].choices.size(); ++c) {
      const ChoiceEffect& effect = why.effects[d].choices[c];
      const bool made = effect.trials > 0;
      std::vector<std::string> shares;
      for (const auto& moment : why.policy) shares.push_back(share_text(moment.marginals[d][c]));
      table.rows.push_back({c == 0 ? why.decisions[d].name : "", why.decisions[d].labels[c],
                            std::to_string(effect.trials),
                            made ? with_error(effect.reward, 1, 4) : "-",
                            made ? with_error(effect.accuracy, 100, 2) : "-",
                            made ? with_error(effect.latency_ms, 1, 4) : "-", join(shares)});
    }
  }
  return "every choice: means and standard errors over the different complete networks that made "
         "it\n(what a policy came to choose together, they cannot tell apart), and what the policy "
         "gave it\nafter " +
         join(times) + " trials\n" + table.str();
}

std::string failures_text(const Explanation& why) {
  int failed = 0;
  for (const auto& group : why.failures) failed += group.trials;
  if (failed == 0) return "every trial is complete\n";
  const auto all = static_cast<double>(why.trials);
  std::string text = std::to_string(failed) + " of " + std::to_string(why.trials) + " trials (" +
                     share_text(failed / all) + ") did not complete\n";
  for (const auto& group : why.failures) {
    text += "  " + std::to_string(group.trials) + " (" + share_text(group.trials / all) + ") " +
            enum_name(group.status) + (group.cause.empty() ? "" : ": " + group.cause) + "\n";
  }
  return text;
}

std::string failed_attempts_text(const Explanation& why) {
  std::string text;
  for (const auto& count : why.attempts) {
    if (has_accuracy(count.status)) continue;
    text += "  " + std::to_string(count.attempts) + " " + enum_name(count.status) + ": " +
            count.cause + "\n";
  }
  return text.empty() ? text : "attempts that failed, repeated ones included\n" + text;
}

}  // namespace

Explanation explain_run(RunDirectory& run) {
  const auto trials = run.store().trials(Phase::kSearch, /*architectures=*/false);
  if (trials.empty()) {
    throw Error(ErrorKind::kInfeasible,
                run.path().string() +
                    ": it has no trial yet, so there is nothing to explain; `ridgeline resume " +
                    run.path().string() + "` goes on with it");
  }
  Explanation why;
  why.run = run.path().string();
  why.decisions = run.config().search_space().decisions();
  why.trials = trials.size();
  if (const auto winner = winner_of(run.store())) why.winner = winner->trial;
  if (why.winner) why.winning = why.winner->genotype;
  why.effects = decision_effects(why.decisions, trials);
  why.policy = policy_history(run.config(), why.decisions, run.store(), kMoments);
  why.failures = failure_groups(trials);
  why.attempts = run.store().attempt_counts();
  return why;
}

std::string explanation_text(const Explanation& why) {
  return winner_text(why) + "\n" + choices_text(why) + "\n" + failures_text(why) +
         failed_attempts_text(why);
}

}  // namespace ridgeline
