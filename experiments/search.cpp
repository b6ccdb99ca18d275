#include "experiments/search.h"

#include <algorithm>
#include <set>

#include "core/logging.h"
#include "experiments/checkpoint.h"
#include "experiments/feedback.h"
#include "experiments/pricing.h"
#include "experiments/warm_start.h"

namespace ridgeline {
namespace {

constexpr int kResamples = 100;

}  // namespace

Search::Search(const ExperimentConfig& config, SearchParts parts, TrialObserver observer)
    : config_(config),
      parts_(parts),
      scoring_(config),
      warm_(warm_start(config, parts.space)),
      stop_rules_(config, parts.space.decisions(), parts.store),
      journal_(parts.store, std::move(observer)) {}

void Search::run() {
  recorded_ = parts_.store.trials(Phase::kSearch, /*architectures=*/false);
  const int total = config_.search.trials;
  done_.reserve(static_cast<size_t>(total));
  int batch = resume_from_checkpoint();
  while (static_cast<int>(done_.size()) < total && !stop_rules_.stop(done_.size())) {
    const int first = static_cast<int>(done_.size());
    const int count = std::min(config_.search.batch, total - first);
    std::vector<Trial> proposals = propose(batch++, static_cast<uint64_t>(first), count);
    run_batch(proposals);
    learn(proposals);
  }
  journal_.close();
}

/// Takes over the trials before the newest checkpoint without replaying them; the next batch's
/// number.
int Search::resume_from_checkpoint() {
  recorded_batches_ = parts_.store.batches();
  const auto checkpoint = restore_checkpoint(parts_.store, recorded_, parts_.controller);
  if (!checkpoint) return 0;
  for (uint64_t id = 0; id < checkpoint->trials; ++id) {
    first_with_.emplace(recorded_[id].genotype, id);
    commit(recorded_[id]);
    recorded_[id] = {};
  }
  return checkpoint->batch + 1;
}

/// What is drawn again depends on the committed trials alone, so that a replay draws the same.
std::vector<Genotype> Search::draw(int batch, int count) const {
  RandomStream stream(config_.seed, static_cast<uint64_t>(batch), "sample");
  // Redraws depend on the whole batch: one that `search.trials` cuts short begins as the whole one.
  std::vector<Genotype> genotypes = parts_.controller.sample(config_.search.batch, stream);
  genotypes.resize(static_cast<size_t>(count));
  size_t warm = 0;
  for (; warm < genotypes.size() && done_.size() + warm < warm_.size(); ++warm)
    genotypes[warm] = warm_[done_.size() + warm];
  if (config_.search.duplicates != DuplicatePolicy::kResample) return genotypes;
  RandomStream again(config_.seed, static_cast<uint64_t>(batch), "resample");
  std::set<Genotype> taken;
  for (size_t i = 0; i < genotypes.size(); ++i) {
    Genotype& genotype = genotypes[i];
    for (int attempt = 0; i >= warm && attempt < kResamples; ++attempt) {
      if (!first_with_.contains(genotype) && !taken.contains(genotype)) break;
      genotype = parts_.controller.sample(1, again).front();
    }
    taken.insert(genotype);
  }
  return genotypes;
}

std::vector<Trial> Search::propose(int batch, uint64_t first_id, int count) {
  const std::vector<Genotype> genotypes = draw(batch, count);
  const bool measure_again = config_.search.duplicates == DuplicatePolicy::kMeasureAgain;
  std::vector<Trial> proposals;
  for (size_t i = 0; i < genotypes.size(); ++i) {
    Trial trial;
    trial.id = first_id + i;
    trial.batch = batch;
    trial.genotype = genotypes[i];
    if (trial.id < recorded_.size()) {
      Trial& recorded = recorded_[trial.id];
      if (recorded.id != trial.id || recorded.genotype != trial.genotype) {
        throw Error(ErrorKind::kRun,
                    "trial " + std::to_string(trial.id) + " is recorded as " +
                        to_text(recorded.genotype) + ", but this configuration proposes " +
                        to_text(trial.genotype) +
                        ": the store belongs to another configuration or version, or is damaged");
      }
      trial = std::move(recorded);
    } else {
      const bool fresh = measure_again || !first_with_.contains(trial.genotype);
      price(trial, scoring_, parts_, fresh, network_);
      journal_.commit_if_due();
    }
    const auto [entry, fresh] = first_with_.emplace(trial.genotype, trial.id);
    if (!fresh && !measure_again && trial.reused_from < 0)
      trial.reused_from = static_cast<int64_t>(entry->second);
    proposals.push_back(std::move(trial));
  }
  return proposals;
}

void Search::run_batch(std::vector<Trial>& proposals) {
  submit_fresh(proposals);
  size_t next = 0;
  while (true) {
    while (next < proposals.size() && settle(proposals[next])) commit(proposals[next++]);
    if (next == proposals.size()) return;
    journal_.commit_if_due();
    auto result = parts_.runner.ready();
    if (!result) {
      journal_.commit();
      result = parts_.runner.next();
    }
    if (!result) {
      throw Error(ErrorKind::kInterrupted, "stopped after " + std::to_string(done_.size()) +
                                               " of " + std::to_string(config_.search.trials) +
                                               " trials");
    }
    arrived_.emplace(result->id, std::move(result->evaluation));
  }
}

void Search::submit_fresh(const std::vector<Trial>& proposals) {
  std::vector<TrialSpec> specs;
  std::vector<Proposal> fresh;
  for (const auto& trial : proposals) {
    const bool known = trial.id < recorded_.size();
    if (known || trial.reused_from >= 0 || trial.status != TrialStatus::kPending) continue;
    TrialSpec spec;
    spec.architecture = trial.architecture;
    spec.seed = config_.seed;
    spec.trial_id = trial.id;
    specs.push_back(std::move(spec));
    fresh.push_back({trial.id, trial.genotype});
  }
  if (specs.empty()) return;
  parts_.store.append_proposals(fresh);
  journal_.commit();
  for (const auto& spec : specs) parts_.runner.submit(spec);
}

/// Fills a trial from the store, from its twin or from an evaluation that has arrived; false: not
/// yet known.
bool Search::settle(Trial& trial) const {
  if (trial.id < recorded_.size()) return true;
  if (trial.reused_from >= 0) {
    trial = like_twin(trial, done_[static_cast<size_t>(trial.reused_from)]);
    return true;
  }
  if (trial.status == TrialStatus::kPending) {  // was given to the executor
    const auto found = arrived_.find(trial.id);
    if (found == arrived_.end()) return false;
    scoring_.take(trial, found->second);
  }
  return true;
}

void Search::commit(Trial& trial) {
  if (trial.id >= recorded_.size()) {
    trial.finished_at = utc_now();
    journal_.append(trial);
    arrived_.erase(trial.id);
  } else {
    journal_.found(trial);
  }
  const bool trained = trial.reused_from < 0 && trial.status != TrialStatus::kInfeasible;
  if (trained)
    failures_in_a_row_ = trial.status == TrialStatus::kComplete ? 0 : failures_in_a_row_ + 1;
  keep(trial);
  stop_where_configured(config_.failures, trial, done_.size() - 1);
  if (failures_in_a_row_ >= config_.search.max_failures_in_a_row) {
    throw Error(ErrorKind::kInfeasible,
                std::to_string(failures_in_a_row_) + " trainings in a row failed, the last one " +
                    enum_name(trial.status) + ": " + trial.cause +
                    "; see `ridgeline show` and search.max_failures_in_a_row");
  }
}

/// A repeat needs what became of the trial, and brings the network itself.
void Search::keep(const Trial& trial) {
  history_.add(trial);
  stop_rules_.committed(trial);
  Trial& kept = done_.emplace_back(trial);
  forget_architecture(kept);
  kept.genotype = {};
}

void Search::learn(const std::vector<Trial>& batch) {
  journal_.commit();
  Feedback feedback;
  for (const auto& trial : batch) feedback.add(trial, config_.failures);
  const UpdateStats stats = feedback.update(parts_.controller);
  stop_rules_.learned(stats, batch[0].batch < recorded_batches_);
  spdlog::debug("update {}: mean reward {:.5f}, baseline {:.5f}, entropy {:.3f}, gradient {:.3g}",
                batch[0].batch, stats.mean_reward, stats.baseline, stats.entropy,
                stats.gradient_norm);
  record_update(batch, stats);
}

void Search::record_update(const std::vector<Trial>& batch, const UpdateStats& stats) {
  const int id = batch[0].batch;
  if (id < recorded_batches_) return;
  std::optional<Checkpoint> checkpoint;
  const int every = config_.runtime.checkpoint_batches;
  // A settled policy ends the search; a run resumed here must find that out by its last update.
  if (every > 0 && (id + 1) % every == 0 && !stop_rules_.settled()) {
    checkpoint = {done_.size(), id, history_.value(), parts_.controller.save()};
  }
  parts_.store.append_batch({id, batch[0].id, static_cast<int>(batch.size()), stats}, checkpoint);
}

}  // namespace ridgeline
