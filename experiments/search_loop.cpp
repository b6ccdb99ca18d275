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
  return spec;
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
  if (how == Commit::kLearned) {
    trial.genotype = {};
  } else {
    batch_.push_back(trial.id);
  }
  const uint64_t id = trial.id;
  done_.emplace(id, std::move(trial));
}

void SearchLoop::stop_if_hopeless(const Trial& trial) {
  if (trial.reused_from < 0 && trial.status != TrialStatus::kInfeasible)
    failures_in_a_row_ = trial.status == TrialStatus::kComplete ? 0 : failures_in_a_row_ + 1;
  stop_where_configured(config_.failures, trial, done_.size() - 1);
  if (failures_in_a_row_ < config_.search.max_failures_in_a_row) return;
  throw Error(ErrorKind::kInfeasible,
              std::to_string(failures_in_a_row_) + " trainings in a row failed, the last one " +
                  enum_name(trial.status) + ": " + trial.cause +
                  "; see `ridgeline show` and search.max_failures_in_a_row");
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
    if (feedback.add(trial, config_.failures)) counted.push_back(id);
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
