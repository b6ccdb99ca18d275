#include "experiments/async_search.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/logging.h"
#include "experiments/checkpoint.h"
#include "experiments/executors/interrupt.h"
#include "experiments/feedback.h"
#include "experiments/pricing.h"
#include "experiments/warm_start.h"

namespace ridgeline {
namespace {

/// One step of the policy costs nearly as much for one sample as for sixteen.
constexpr int kBlock = 16;

/// Proposals known already that are passed over before one is taken nevertheless.
constexpr int kAsyncResamples = 100;
/// Blocks of one proposal's attempts draw from streams that no proposal's first block uses.
constexpr uint64_t kBlockStreams = uint64_t{1} << 32;

}  // namespace

AsyncSearch::AsyncSearch(const ExperimentConfig& config, SearchParts parts, TrialObserver observer)
    : config_(config),
      parts_(parts),
      scoring_(config),
      warm_(warm_start(config, parts.space)),
      stop_rules_(config, parts.space.decisions(), parts.store),
      journal_(parts.store, std::move(observer)) {}

void AsyncSearch::run() {
  replay();
  while (true) {
    if (interrupts() == 0) fill_workers();
    if (done_.size() == proposals_.size() && all_proposed()) break;
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
    take(*result);
  }
  if (!batch_.empty()) learn();
  journal_.close();
}

/// Repeats what the store says happened, in the order of commits, then starts again what was in
/// flight. An update is what the store says it was: every sample has its own recorded probability.
void AsyncSearch::replay() {
  std::vector<Trial> recorded = parts_.store.trials(Phase::kSearch, /*architectures=*/false);
  const std::vector<Proposal> proposed = read_proposals(recorded);
  std::sort(recorded.begin(), recorded.end(),
            [](const Trial& a, const Trial& b) { return a.commit_index < b.commit_index; });
  recorded_updates_ = parts_.store.batches();
  const auto checkpoint = restore_checkpoint(parts_.store, recorded, parts_.controller);
  const size_t learned = checkpoint ? checkpoint->trials : 0;
  if (checkpoint) updates_ = checkpoint->batch + 1;
  for (size_t i = 0; i < recorded.size(); ++i) {
    Trial& trial = recorded[i];
    if (i >= learned && trial.batch != updates_) {
      if (!batch_.empty()) learn();
      updates_ = trial.batch;
    }
    journal_.found(trial);
    take_in(std::move(trial), i < learned);
  }
  for (const auto& proposal : proposed) {
    if (!done_.contains(proposal.id) && proposal.updates >= 0)
      start(proposal.id, proposal.genotype);
  }
  for (const auto& lost : proposed) {
    if (lost.updates >= 0) continue;
    spdlog::warn("the store has no sound proposal of trial {}: another one is drawn", lost.id);
    start(lost.id, propose(lost.id));
  }
  submit_started();
}

/// All that were made, by id; one that was lost has no update behind it.
std::vector<Proposal> AsyncSearch::read_proposals(std::span<const Trial> recorded) {
  std::vector<Proposal> proposed(recorded.empty() ? 0 : recorded.back().id + 1);
  for (auto& proposal : parts_.store.proposals()) {
    if (proposal.id >= kFirstFinalId) continue;
    proposed.resize(std::max<size_t>(proposed.size(), proposal.id + 1));
    proposed[proposal.id] = std::move(proposal);
  }
  for (const auto& trial : recorded) {
    if (proposed[trial.id].updates >= 0) continue;
    throw Error(ErrorKind::kRun, "the store holds trial " + std::to_string(trial.id) +
                                     " but no proposal of it: it is no record of an asynchronous "
                                     "search, or is damaged");
  }
  std::vector<Genotype> pending;
  for (size_t id = 0; id < proposed.size(); ++id) {
    proposed[id].id = id;
    proposals_.push_back({proposed[id].updates, proposed[id].log_probability});
    if (proposed[id].updates < 0) continue;
    first_with_.emplace(proposed[id].genotype, id);
    pending.push_back(proposed[id].genotype);
  }
  parts_.controller.add_pending(pending);
  return proposed;
}

bool AsyncSearch::all_proposed() {
  return proposals_.size() >= static_cast<size_t>(config_.search.trials) ||
         stop_rules_.stop(proposals_.size());
}

/// A repeat of a running network occupies no worker. A policy that has settled proposes little
/// else, and must not spend all trials before it learns again: at most one batch of repeats waits.
void AsyncSearch::fill_workers() {
  const auto workers = static_cast<size_t>(config_.runtime.workers);
  const auto batch = static_cast<size_t>(config_.search.batch);
  while (running_.size() < workers && running_.size() + waiting_ < workers + batch &&
         !all_proposed()) {
    const uint64_t id = proposals_.size();
    proposals_.emplace_back();
    start(id, propose(id));
    journal_.commit_if_due();
  }
  submit_started();
}

/// Proposals are durable before they run: what is in flight when the search is killed must run
/// again as it was, since an executor may still hold the job under the trial's id.
void AsyncSearch::submit_started() {
  if (to_submit_.empty()) return;
  journal_.commit();
  for (const auto& spec : std::exchange(to_submit_, {})) parts_.runner.submit(spec);
}

Genotype AsyncSearch::propose(uint64_t id) {
  const auto [genotype, log_probability] = next_sample(id);
  parts_.store.append_proposals({{id, genotype, updates_, log_probability}});
  proposals_[id] = {updates_, log_probability};
  first_with_.emplace(genotype, id);
  parts_.controller.add_pending(std::vector<Genotype>{genotype});
  return genotype;
}

/// The next sample; with `resample` the next that was not proposed, if one comes soon.
std::pair<Genotype, double> AsyncSearch::next_sample(uint64_t id) {
  if (id < warm_.size()) {
    const std::vector<Genotype> warm = {warm_[id]};
    return {warm[0], parts_.controller.log_probabilities(warm)[0]};
  }
  const bool resample = config_.search.duplicates == DuplicatePolicy::kResample;
  for (int attempt = 0;; ++attempt) {
    if (sampled_.empty()) sample_block(id + static_cast<uint64_t>(attempt) * kBlockStreams);
    auto sample = std::move(sampled_.front());
    sampled_.pop_front();
    if (!resample || attempt == kAsyncResamples || !first_with_.contains(sample.first))
      return sample;
  }
}

/// All of a block are samples of the present policy: an update throws the rest away.
void AsyncSearch::sample_block(uint64_t first_id) {
  RandomStream stream(config_.seed, first_id, "proposals");
  const std::vector<Genotype> genotypes = parts_.controller.sample(kBlock, stream);
  const std::vector<double> log_probabilities = parts_.controller.log_probabilities(genotypes);
  for (size_t i = 0; i < genotypes.size(); ++i)
    sampled_.emplace_back(genotypes[i], log_probabilities[i]);
}

void AsyncSearch::start(uint64_t id, const Genotype& genotype) {
  Trial trial;
  trial.id = id;
  trial.genotype = genotype;
  const bool measure_again = config_.search.duplicates == DuplicatePolicy::kMeasureAgain;
  const uint64_t first = measure_again ? id : first_with_.at(genotype);
  price(trial, scoring_, parts_, first == id, network_);
  if (const auto twin = done_.find(first); twin != done_.end()) {
    finish(like_twin(trial, twin->second));
  } else if (first != id) {
    repeats_[first].push_back(std::move(trial));
    ++waiting_;
  } else if (trial.status != TrialStatus::kPending) {
    finish(std::move(trial));
  } else {
    TrialSpec spec;
    spec.architecture = trial.architecture;
    spec.seed = config_.seed;
    spec.trial_id = id;
    running_.emplace(id, std::move(trial));
    to_submit_.push_back(std::move(spec));
  }
}

void AsyncSearch::take(const TrialResult& result) {
  auto found = running_.extract(result.id);
  if (found.empty()) return;  // another attempt of a trial that is done
  Trial trial = std::move(found.mapped());
  scoring_.take(trial, result.evaluation);
  finish(std::move(trial));
  settle_repeats(result.id);
}

void AsyncSearch::settle_repeats(uint64_t twin) {
  const auto found = repeats_.extract(twin);
  if (found.empty()) return;
  waiting_ -= found.mapped().size();
  for (const auto& repeat : found.mapped()) finish(like_twin(repeat, done_.at(twin)));
}

void AsyncSearch::finish(Trial trial) {
  trial.batch = updates_;
  trial.finished_at = utc_now();
  journal_.append(trial);
  take_in(std::move(trial), /*learned=*/false);
}

/// Adds a committed trial to the open batch, and a full one is learned; with `learned`, the
/// controller has learned it already.
void AsyncSearch::take_in(Trial trial, bool learned) {
  forget_architecture(trial);
  history_.add(trial);
  stop_rules_.committed(trial);
  const Trial& kept = done_.emplace(trial.id, std::move(trial)).first->second;
  if (!learned) {
    batch_.push_back(kept.id);
    if (batch_.size() >= static_cast<size_t>(config_.search.batch)) learn();
  }
  stop_where_hopeless(kept);
}

void AsyncSearch::stop_where_hopeless(const Trial& trial) {
  if (trial.reused_from < 0 && trial.status != TrialStatus::kInfeasible)
    failures_in_a_row_ = trial.status == TrialStatus::kComplete ? 0 : failures_in_a_row_ + 1;
  stop_where_configured(config_.failures, trial, done_.size() - 1);
  if (failures_in_a_row_ >= config_.search.max_failures_in_a_row) {
    throw Error(ErrorKind::kInfeasible,
                std::to_string(failures_in_a_row_) + " trainings in a row failed, the last one " +
                    enum_name(trial.status) + ": " + trial.cause +
                    "; see `ridgeline show` and search.max_failures_in_a_row");
  }
}

/// One update on the batch, by id: the order of arrival within it must not reach the last bit.
void AsyncSearch::learn() {
  BatchRecord record{.id = updates_, .trials = static_cast<int>(batch_.size()), .stats = {}};
  record.first_trial = *std::min_element(batch_.begin(), batch_.end());
  std::erase_if(batch_,
                [&](uint64_t id) { return !counts_in_update(config_.failures, done_.at(id)); });
  std::sort(batch_.begin(), batch_.end());
  journal_.commit();
  Feedback feedback;
  for (const uint64_t id : batch_) feedback.add(done_.at(id), config_.failures);
  const auto log_p_now = parts_.controller.log_probabilities(feedback.genotypes());
  for (size_t i = 0; i < batch_.size(); ++i) {
    const Origin& proposal = proposals_[batch_[i]];
    const double ratio = importance_ratio(log_p_now[i], proposal.log_probability);
    feedback.weigh(i, std::min(ratio, config_.search.importance_clip));
    const int age = std::max(0, updates_ - proposal.updates);
    staleness_sum_ += age;
    largest_staleness_ = std::max(largest_staleness_, age);
    clipped_ += ratio > config_.search.importance_clip;
  }
  learned_ += static_cast<double>(batch_.size());
  record.stats = feedback.update(parts_.controller);
  stop_rules_.learned(record.stats, record.id < recorded_updates_);
  batch_.clear();
  sampled_.clear();
  record_update(record);
  ++updates_;
}

void AsyncSearch::record_update(const BatchRecord& record) {
  const UpdateStats& stats = record.stats;
  spdlog::debug("update {}: mean reward {:.5f}, baseline {:.5f}, entropy {:.3f}, gradient {:.3g}",
                record.id, stats.mean_reward, stats.baseline, stats.entropy, stats.gradient_norm);
  if (record.id < recorded_updates_) return;
  std::optional<Checkpoint> checkpoint;
  const int every = config_.runtime.checkpoint_batches;
  // A settled policy ends the search; a run resumed here must find that out by its last update.
  if (every > 0 && (record.id + 1) % every == 0 && !stop_rules_.settled())
    checkpoint = {done_.size(), record.id, history_.value(), parts_.controller.save()};
  parts_.store.append_batch(record, checkpoint);
}

Staleness AsyncSearch::staleness() const {
  const double count = std::max(1.0, learned_);
  return {staleness_sum_ / count, largest_staleness_, clipped_ / count, updates_};
}

}  // namespace ridgeline
