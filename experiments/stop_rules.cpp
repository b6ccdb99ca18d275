#include "experiments/stop_rules.h"

#include <charconv>
#include <cmath>

#include "core/logging.h"
#include "core/units.h"
#include "experiments/store/facts.h"

namespace ridgeline {
namespace {

/// A policy with less than this share of the first entropy proposes variants of one network.
constexpr double kCollapsed = 0.1;
/// Before this share of the trials that is early.
constexpr double kEarly = 0.5;

/// Mean over random genotypes: how many decisions are active depends on the choices.
double entropy_of_uniform_policy(const std::vector<Decision>& decisions) {
  constexpr int kDraws = 256;
  RandomStream stream(0, 0, "uniform entropy");
  double sum = 0;
  for (int i = 0; i < kDraws; ++i) {
    const Genotype genotype = random_genotype(decisions, stream);
    for (size_t d = 0; d < decisions.size(); ++d) {
      if (genotype[d] != kInactive) sum += std::log(decisions[d].choices());
    }
  }
  return sum / kDraws;
}

}  // namespace

double duration_seconds(const std::string& text) {
  if (text.empty()) return 0;
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string unit(rest, text.data() + text.size());
  const double scale = unit == "s"   ? 1
                       : unit == "m" ? 60
                       : unit == "h" ? 3600
                       : unit == "d" ? 86400
                                     : 0;
  if (error != std::errc() || scale == 0 || !std::isfinite(number) || number <= 0) {
    throw Error(ErrorKind::kConfig, "'" + text +
                                        "' is no duration; valid: a positive number and its unit, "
                                        "such as 90s, 45m, 8h or 2d; empty: never");
  }
  return number * scale;
}

std::string early_stop(const TrialStore& store) {
  const auto fact = store.fact(kStopFact);
  return fact ? fact->substr(fact->find(' ') + 1) : std::string();
}

StopRules::StopRules(const ExperimentConfig& config, const std::vector<Decision>& decisions,
                     TrialStore& store)
    : config_(config.search),
      store_(store),
      uniform_entropy_(entropy_of_uniform_policy(decisions)),
      limit_s_(duration_seconds(config.search.stop_after)) {
  if (const auto fact = store.fact(kStopFact)) stopped_at_ = std::stoul(*fact);
  if (const auto fact = store.fact(kClockFact)) earlier_s_ = std::stod(*fact);
}

void StopRules::committed(const Trial& trial) {
  if (trial.status == TrialStatus::kComplete && trial.reward > best_reward_) {
    best_reward_ = trial.reward;
    best_index_ = committed_;
    best_id_ = trial.id;
  }
  ++committed_;
}

void StopRules::learned(const UpdateStats& stats, bool replayed) {
  const bool learns = stats.gradient_norm > 0;
  entropy_ = learns ? stats.entropy : -1;
  if (replayed) return;
  watch_entropy();
  // A kill costs the clock what came after the last update: at most one batch.
  if (limit_s_ > 0) store_.set_fact(kClockFact, ConfigWriter::plain_number(elapsed_s()));
}

void StopRules::watch_entropy() {
  const bool collapsed = entropy_ >= 0 && entropy_ < kCollapsed * uniform_entropy_;
  const auto committed = static_cast<double>(committed_);
  if (warned_ || !collapsed || committed > kEarly * config_.trials) return;
  warned_ = true;
  spdlog::warn(
      "the policy has collapsed early: after {} of {} trials its entropy per sample is {:.3f} "
      "nats, {:.0f} % of what it began with; proposals are variants of one network from here on: "
      "raise controller.entropy_weight, or lower controller.learning_rate (lstm) or "
      "controller.logit_learning_rate (factorised)",
      committed_, config_.trials, entropy_, 100 * entropy_ / uniform_entropy_);
}

bool StopRules::settled() const { return entropy_ >= 0 && entropy_ < config_.stop_entropy; }

double StopRules::elapsed_s() const {
  const std::chrono::duration<double> here = std::chrono::steady_clock::now() - start_;
  return earlier_s_ + here.count();
}

std::string StopRules::reason() const {
  const auto patience = static_cast<size_t>(config_.stop_without_improvement);
  if (patience > 0 && committed_ > best_index_ + patience) {
    return "the last " + std::to_string(committed_ - 1 - best_index_) +
           " trials brought no better reward than " + format_fixed(best_reward_, 5) + " of trial " +
           std::to_string(best_id_) + " (search.stop_without_improvement)";
  }
  if (settled()) {
    return "the policy has settled, its entropy per sample is " + format_fixed(entropy_, 3) +
           " nats, below " + format_fixed(config_.stop_entropy, 3) +
           "; it would propose little else than it has (search.stop_entropy)";
  }
  if (limit_s_ > 0 && committed_ > 0 && elapsed_s() >= limit_s_) {
    return "it has searched for " + format_duration(elapsed_s()) + " (search.stop_after)";
  }
  return {};
}

bool StopRules::stop(size_t proposed) {
  if (stopped_at_) return proposed >= *stopped_at_;
  const std::string why = reason();
  if (why.empty()) return false;
  spdlog::info("stopped after {} trials: {}", proposed, why);
  store_.set_fact(kStopFact, std::to_string(proposed) + " " + why);
  store_.append_event("search stopped early", why);
  stopped_at_ = proposed;
  return true;
}

}  // namespace ridgeline
