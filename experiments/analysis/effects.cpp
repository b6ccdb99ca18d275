#include "experiments/analysis/effects.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

namespace ridgeline {
namespace {

/// Welford's running mean and sum of squared differences from it.
class Moments {
 public:
  void add(double value) {
    ++count_;
    const double before = value - mean_;
    mean_ += before / count_;
    squares_ += before * (value - mean_);
  }
  int count() const { return count_; }
  double mean() const { return mean_; }
  double squares() const { return squares_; }
  Estimate estimate() const {
    if (count_ < 2) return {mean_, std::numeric_limits<double>::quiet_NaN()};
    return {mean_, std::sqrt(squares_ / (count_ - 1) / count_)};
  }

 private:
  int count_ = 0;
  double mean_ = 0, squares_ = 0;
};

struct ChoiceMoments {
  Moments reward, accuracy, latency_ms;
};

/// Kelley's epsilon squared: 1 - (within / (n - k)) / (total / (n - 1)).
double explained_share(const std::vector<ChoiceMoments>& choices, const Moments& all) {
  int made = 0;
  double within = 0;
  for (const auto& choice : choices) {
    made += choice.reward.count() > 0;
    within += choice.reward.squares();
  }
  const int n = all.count();
  if (made < 2 || n <= made || all.squares() <= 0) return 0;
  return std::max(0.0, 1 - (within / (n - made)) / (all.squares() / (n - 1)));
}

DecisionEffect effect_of(const std::vector<ChoiceMoments>& choices, const Moments& all) {
  DecisionEffect effect;
  effect.trials = all.count();
  effect.explained = explained_share(choices, all);
  for (const auto& choice : choices) {
    ChoiceEffect one{.trials = choice.reward.count(),
                     .reward = choice.reward.estimate(),
                     .accuracy = choice.accuracy.estimate(),
                     .latency_ms = choice.latency_ms.estimate()};
    if (one.trials > 0) {
      one.rank = 1;
      for (const auto& other : choices)
        one.rank += other.reward.count() > 0 && other.reward.mean() > one.reward.mean;
    }
    effect.choices.push_back(one);
  }
  return effect;
}

/// Numbers differ between failures of one cause.
std::string without_numbers(const std::string& text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool digit = std::isdigit(static_cast<unsigned char>(text[i])) != 0;
    const bool point = text[i] == '.' && !result.empty() && result.back() == '#' &&
                       i + 1 < text.size() && std::isdigit(static_cast<unsigned char>(text[i + 1]));
    if (!digit && !point) {
      result += text[i];
    } else if (result.empty() || result.back() != '#') {
      result += '#';
    }
  }
  return result;
}

}  // namespace

std::vector<DecisionEffect> decision_effects(const std::vector<Decision>& decisions,
                                             const std::vector<Trial>& trials) {
  std::vector<std::vector<ChoiceMoments>> choices;
  for (const auto& decision : decisions)
    choices.emplace_back(static_cast<size_t>(decision.choices()));
  std::vector<Moments> all(decisions.size());
  for (const Trial& trial : trials) {
    if (trial.status != TrialStatus::kComplete || trial.reused_from >= 0) continue;
    const Genotype& genotype = trial.genotype;
    check_genotype(decisions, genotype);
    for (size_t d = 0; d < decisions.size(); ++d) {
      if (genotype[d] == kInactive) continue;
      auto& choice = choices[d][static_cast<size_t>(genotype[d])];
      choice.reward.add(trial.reward);
      choice.accuracy.add(trial.accuracy);
      choice.latency_ms.add(trial.latency_ms);
      all[d].add(trial.reward);
    }
  }
  std::vector<DecisionEffect> effects;
  for (size_t d = 0; d < decisions.size(); ++d) effects.push_back(effect_of(choices[d], all[d]));
  return effects;
}

std::vector<FailureGroup> failure_groups(const std::vector<Trial>& trials) {
  std::map<std::pair<std::string, std::string>, FailureGroup> by_cause;
  for (const Trial& trial : trials) {
    if (trial.status == TrialStatus::kComplete) continue;
    const std::string cause = without_numbers(trial.cause);
    FailureGroup& group = by_cause[{enum_name(trial.status), cause}];
    group.status = trial.status;
    group.cause = cause;
    ++group.trials;
  }
  std::vector<FailureGroup> groups;
  for (auto& [key, group] : by_cause) groups.push_back(std::move(group));
  std::stable_sort(groups.begin(), groups.end(),
                   [](const auto& a, const auto& b) { return a.trials > b.trials; });
  return groups;
}

}  // namespace ridgeline
