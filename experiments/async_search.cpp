#include "experiments/async_search.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/interrupt.h"
#include "core/logging.h"
#include "experiments/pricing.h"

namespace ridgeline {
namespace {

/// One step of the policy costs nearly as much for one sample as for sixteen.
constexpr int kBlock = 16;

/// Proposals known already that are passed over before one is taken nevertheless.
constexpr int kAsyncResamples = 100;
/// Blocks of one proposal's attempts draw from streams that no proposal's first block uses.
constexpr uint64_t kBlockStreams = uint64_t{1} << 32;

}  // namespace

void AsyncSearch::run() {
  replay();
  while (true) {
    if (interrupts() == 0) fill_workers();
    if (done_.size() == proposals_.size() && all_proposed()) break;
    receive(wait());
  }
  if (!batch_.empty()) learn_weighted();
  journal_.close();
}

/// Repeats what the store says happened, in the order of commits, then starts again what was in
/// flight. An update is what the store says it was: every sample has its own recorded probability.
void AsyncSearch::replay() {
  std::vector<Trial> recorded = parts_.store.trials(Phase::kSearch, /*architectures=*/false);
  const std::vector<Proposal> proposed = read_proposals(recorded);
  std::sort(recorded.begin(), recorded.end(),
            [](const Trial& a, const Trial& b) { return a.commit_index < b.commit_index; });
  restore_rungs(recorded);
  const size_t learned = restore(recorded);
  for (size_t i = 0; i < recorded.size(); ++i) {
    Trial& trial = recorded[i];
    if (i >= learned && trial.batch != updates_) {
      if (!batch_.empty()) learn_weighted();
      updates_ = trial.batch;
    }
    const uint64_t id = trial.id;
    commit(std::move(trial), i < learned ? Commit::kLearned : Commit::kRecorded);
    add_committed(id);
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
    first_with(proposed[id].genotype, id);
    pending.push_back(proposed[id].genotype);
  }
  parts_.controller.add_pending(pending);
  return proposed;
}

bool AsyncSearch::all_proposed() {
  return proposals_.size() >= static_cast<size_t>(config_.search.trials) ||
         stop_rules_.stop(proposals_.size());
}

/// A repeat of a running network occupies no worker. A policy that has converged proposes little
/// else, and must not spend all trials before it learns again: at most one batch of repeats waits.
void AsyncSearch::fill_workers() {
  const auto workers = static_cast<size_t>(config_.runtime.workers);
  const auto batch = static_cast<size_t>(config_.search.batch);
  while (running_.size() < workers && running_.size() + waiting_ < workers + batch &&
         !all_proposed() && interrupts() == 0) {
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
  first_with(genotype, id);
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
    if (!resample || attempt == kAsyncResamples || !known(sample.first)) return sample;
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
  const uint64_t first = measures_again() ? id : first_with(genotype, id);
  price(trial, scoring_, parts_, first == id);
  if (const auto twin = done_.find(first); twin != done_.end()) {
    finish(like_twin(trial, twin->second));
  } else if (first != id) {
    repeats_[first].push_back(std::move(trial));
    ++waiting_;
  } else if (trial.status != TrialStatus::kPending) {
    finish(std::move(trial));
  } else {
    to_submit_.push_back(spec_of(trial));
    running_.emplace(id, std::move(trial));
  }
}

void AsyncSearch::receive(const TrialResult& result) {
  auto found = running_.extract(result.id);
  if (found.empty()) return;  // another attempt of a trial that is done
  Trial trial = std::move(found.mapped());
  Evaluation evaluation = whole(result.id, result.evaluation);
  if (evaluation.status == TrialStatus::kStopped) {
    reach(trial, evaluation);
    if (goes_on(trial, evaluation)) {
      to_submit_.push_back(spec_of(trial));
      running_.emplace(result.id, std::move(trial));
      return submit_started();
    }
  }
  scoring_.score(trial, evaluation);
  finish(std::move(trial));
  finish_repeats(result.id);
}

void AsyncSearch::finish_repeats(uint64_t twin) {
  const auto found = repeats_.extract(twin);
  if (found.empty()) return;
  waiting_ -= found.mapped().size();
  for (const auto& repeat : found.mapped()) finish(like_twin(repeat, done_.at(twin)));
}

void AsyncSearch::finish(Trial trial) {
  trial.batch = updates_;
  const uint64_t id = trial.id;
  commit(std::move(trial), Commit::kNew);
  add_committed(id);
}

/// A full batch is learned before the run may stop: a resumed run then stops at the same trial.
void AsyncSearch::add_committed(uint64_t id) {
  if (batch_.size() >= static_cast<size_t>(config_.search.batch)) learn_weighted();
  stop_if_hopeless(done_.at(id));
}

void AsyncSearch::learn_weighted() {
  learn([this](Feedback& feedback, std::span<const uint64_t> ids) { weigh(feedback, ids); });
  sampled_.clear();
}

void AsyncSearch::weigh(Feedback& feedback, std::span<const uint64_t> ids) {
  const auto log_p_now = parts_.controller.log_probabilities(feedback.genotypes());
  for (size_t i = 0; i < ids.size(); ++i) {
    const Origin& proposal = proposals_[ids[i]];
    const double ratio = importance_ratio(log_p_now[i], proposal.log_probability);
    feedback.weigh(i, std::min(ratio, config_.search.importance_clip));
    const int age = std::max(0, updates_ - proposal.updates);
    staleness_sum_ += age;
    largest_staleness_ = std::max(largest_staleness_, age);
    clipped_ += ratio > config_.search.importance_clip;
  }
  learned_ += static_cast<double>(ids.size());
}

Staleness AsyncSearch::staleness() const {
  const double count = std::max(1.0, learned_);
  return {staleness_sum_ / count, largest_staleness_, clipped_ / count, updates_};
}

}  // namespace ridgeline
