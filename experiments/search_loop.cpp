#include "experiments/search_loop.h"

#include <algorithm>

#include "core/logging.h"
#include "experiments/warm_start.h"

namespace ridgeline {

SearchLoop::SearchLoop(const ExperimentConfig& config, SearchParts parts, TrialObserver observer)
    : config_(config),
      parts_(std::move(parts)),
      scoring_(config),
      warm_(warm_start(config, parts_.candidates.space())),
      stop_rules_(config, parts_.candidates.space().decisions(), parts_.store),
      stopping_(config.search.early_stopping, config.accuracy.training.epochs),
      journal_(parts_.store, std::move(observer)) {}

size_t SearchLoop::restore(std::span<const Trial> recorded) {
  recorded_updates_ = parts_.store.batches();
  const auto checkpoint = restore_checkpoint(parts_.store, recorded, parts_.controller);
  if (!checkpoint) return 0;
  updates_ = checkpoint->batch + 1;
  return checkpoint->trials;
}

uint64_t SearchLoop::first_with(const Genotype& genotype, uint64_t id) {
  return first_with_.emplace(genotype, id).first->second;
}

bool SearchLoop::measures_again() const {
  return config_.search.duplicates == DuplicatePolicy::kMeasureAgain;
}

TrialSpec SearchLoop::spec_of(const Trial& trial) const {
  TrialSpec spec;
  spec.architecture = trial.architecture;
  spec.seed = config_.seed;
  spec.trial_id = trial.id;
  const auto part = parts_of_.find(trial.id);
  spec.stop_after_epoch = stopping_.epoch_of(part == parts_of_.end() ? 0 : part->second.rung);
  return spec;
}

void SearchLoop::restore_rungs(std::span<const Trial> recorded) {
  if (!stopping_.on()) return;
  std::map<uint64_t, const Trial*> by_id;
  for (const Trial& trial : recorded) by_id.emplace(trial.id, &trial);
  for (const auto& [result, network, finished_at] : parts_.store.recorded_attempts()) {
    const auto trial = by_id.find(result.id);
    const int rung = stopping_.rung_at(last_epoch(result.evaluation));
    if (trial != by_id.end() && rung >= 0 && result.evaluation.status == TrialStatus::kStopped)
      reach(rung, *trial->second, result.evaluation);
  }
}

void SearchLoop::reach(const Trial& trial, const Evaluation& evaluation) {
  const Part& part = parts_of_[trial.id];
  reach(part.rung, trial, evaluation);
}

/// The rules compare rewards: the search looks for these, and a latency is known from the start.
void SearchLoop::reach(int rung, const Trial& trial, const Evaluation& evaluation) {
  Trial so_far;
  so_far.id = trial.id;
  so_far.params = trial.params;
  so_far.madds = trial.madds;
  so_far.latencies = trial.latencies;
  std::vector<double> rewards;
  for (const double accuracy : accuracies_of(evaluation)) {
    so_far.accuracy = accuracy;
    rewards.push_back(scoring_.reward(so_far));
  }
  stopping_.reached(rung, trial.id, rewards);
}

bool SearchLoop::goes_on(const Trial& trial, Evaluation& evaluation) {
  Part& part = parts_of_.at(trial.id);
  evaluation.message = stopping_.stops(part.rung, trial.id);
  if (!evaluation.message.empty()) {
    parts_.runner.forget(trial.id);
    return false;
  }
  ++part.rung;
  part.seconds = evaluation.seconds;
  return true;
}

Evaluation SearchLoop::whole(uint64_t id, Evaluation evaluation) const {
  if (const auto part = parts_of_.find(id); part != parts_of_.end())
    evaluation.seconds += part->second.seconds;
  return evaluation;
}

TrialResult SearchLoop::wait() {
  auto result = parts_.runner.ready();
  if (!result) {
    journal_.commit();
    result = parts_.runner.next();
  }
  if (result) return *std::move(result);
  throw Error(ErrorKind::kInterrupted, "stopped " + progress());
}

std::string SearchLoop::progress() const {
  return "after " + std::to_string(done_.size()) + " of " + std::to_string(config_.search.trials) +
         " trials";
}

void SearchLoop::commit(Trial trial, Commit how) {
  if (how == Commit::kNew) {
    trial.finished_at = utc_now();
    journal_.append(trial);
  } else {
    journal_.found(trial);
  }
  history_.add(trial);
  stop_rules_.committed(trial);
  forget_architecture(trial);
  parts_of_.erase(trial.id);
  if (how == Commit::kLearned) {
    learned(trial);
    trial.genotype = {};
  } else {
    batch_.push_back(trial.id);
  }
  const uint64_t id = trial.id;
  done_.emplace(id, std::move(trial));
}

void SearchLoop::stop_if_hopeless(const Trial& trial) {
  if (trial.reused_from < 0 && trial.status != TrialStatus::kInfeasible)
    failures_in_a_row_ = has_accuracy(trial.status) ? 0 : failures_in_a_row_ + 1;
  stop_where_configured(config_.failures, trial, done_.size() - 1);
  if (failures_in_a_row_ < config_.search.max_failures_in_a_row) return;
  throw Error(ErrorKind::kInfeasible,
              std::to_string(failures_in_a_row_) + " trainings in a row failed, the last one " +
                  enum_name(trial.status) + ": " + trial.cause +
                  "; see `ridgeline show` and search.max_failures_in_a_row");
}

/// Only then, so that a resumed run decides about the rest of a batch as the killed one.
void SearchLoop::learned(const Trial& trial) {
  if (trial.status == TrialStatus::kComplete && trial.reused_from < 0)
    stopping_.completed(trial.id);
}

void SearchLoop::learn(const Weigh& weigh) {
  std::sort(batch_.begin(), batch_.end());
  BatchRecord record{.id = updates_,
                     .first_trial = batch_.front(),
                     .trials = static_cast<int>(batch_.size()),
                     .stats = {}};
  journal_.commit();
  Feedback feedback;
  std::vector<uint64_t> counted;
  for (const uint64_t id : batch_) {
    Trial& trial = done_.at(id);
    if (feedback.add(trial, config_.failures, config_.search.early_stopping.effect))
      counted.push_back(id);
    learned(trial);
    trial.genotype = {};
  }
  if (weigh) weigh(feedback, counted);
  record.stats = feedback.update(parts_.controller);
  batch_.clear();
  ++updates_;
  stop_rules_.learned(record.stats, record.id < recorded_updates_);
  record_update(record);
}

void SearchLoop::record_update(const BatchRecord& record) {
  const UpdateStats& stats = record.stats;
  spdlog::debug("update {}: mean reward {:.5f}, baseline {:.5f}, entropy {:.3f}, gradient {:.3g}",
                record.id, stats.mean_reward, stats.baseline, stats.entropy, stats.gradient_norm);
  if (record.id < recorded_updates_) return;
  std::optional<Checkpoint> checkpoint;
  const int every = config_.runtime.checkpoint_batches;
  // A converged policy ends the search; a run that resumes here must learn that from its last
  // update.
  if (every > 0 && (record.id + 1) % every == 0 && !stop_rules_.converged())
    checkpoint = {done_.size(), record.id, history_.value(), parts_.controller.save()};
  parts_.store.append_batch(record, checkpoint);
}

}  // namespace ridgeline
