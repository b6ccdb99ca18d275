#include "experiments/async_search.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "core/logging.h"
#include "experiments/interrupt.h"
#include "experiments/pricing.h"
#include "experiments/warm_start.h"

namespace ridgeline {
namespace {

/// One step of the policy costs nearly as much for one sample as for sixteen.
constexpr int kBlock = 16;

/// Proposals known already that are passed over before one is taken nevertheless.
constexpr int kResamples = 100;
/// Blocks of one proposal's attempts draw from streams that no proposal's first block uses.
constexpr uint64_t kBlockStreams = uint64_t{1} << 32;

std::string proposal_key(uint64_t id) { return "proposal of " + std::to_string(id); }

/// A repeated network is told as its twin was; only its own place in the run is kept.
Trial like_twin(const Trial& repeat, const Trial& twin) {
  Trial trial = twin;
  trial.id = repeat.id;
  trial.architecture = repeat.architecture;
  trial.reused_from = static_cast<int64_t>(twin.id);
  trial.seconds = 0;
  return trial;
}

}  // namespace

AsyncSearch::AsyncSearch(const ExperimentConfig& config, SearchParts parts, TrialObserver observer)
    : config_(config),
      parts_(parts),
      observer_(std::move(observer)),
      reward_(config.reward),
      warm_(warm_start(config, parts.space)) {}

void AsyncSearch::run() {
  replay();
  const auto total = static_cast<size_t>(config_.search.trials);
  while (true) {
    if (interrupts() == 0) fill_workers();
    if (done_.size() == total) break;
    const auto result = parts_.runner.next();
    if (!result) {
      throw Error(ErrorKind::kInterrupted, "stopped after " + std::to_string(done_.size()) +
                                               " of " + std::to_string(total) + " trials");
    }
    take(*result);
  }
  if (!batch_.empty()) learn();
}

/// Repeats the recorded updates, then starts again what was in flight. An update is what the store
/// says it was, even where rows of it were lost: every sample has its own recorded probability.
void AsyncSearch::replay() {
  std::vector<Trial> recorded = parts_.store.trials(Phase::kSearch);
  const uint64_t proposals_needed = recorded.empty() ? 0 : recorded.back().id + 1;
  std::map<int, std::vector<Trial>> updates;
  for (auto& trial : recorded) updates[trial.batch].push_back(std::move(trial));
  auto proposed = read_proposals(proposals_needed);
  for (auto& [update, trials] : updates) {
    if (!batch_.empty()) learn();
    updates_ = update;
    for (auto& trial : trials) {
      if (observer_) observer_(trial);
      remember(std::move(trial));
    }
  }
  if (batch_.size() >= static_cast<size_t>(config_.search.batch)) learn();
  for (const auto& [id, genotype] : proposed) {
    if (!done_.contains(id)) start(id, genotype);
  }
}

/// All proposals with their genotypes, in the order in which they were made; at least `needed`.
std::vector<std::pair<uint64_t, std::string>> AsyncSearch::read_proposals(size_t needed) {
  std::vector<std::pair<uint64_t, std::string>> proposed;
  for (uint64_t id = 0; const auto text = parts_.store.fact(proposal_key(id)); ++id) {
    Proposal proposal;
    std::string genotype;
    std::istringstream fields(*text);
    if (!(fields >> proposal.updates >> proposal.log_probability >> genotype)) {
      throw Error(ErrorKind::kRun, "the record of " + proposal_key(id) + " is damaged: '" + *text +
                                       "'; expected updates, log-probability and genotype");
    }
    proposals_.push_back(proposal);
    first_with_.emplace(genotype, id);
    proposed.emplace_back(id, std::move(genotype));
  }
  if (proposed.size() < needed) {
    throw Error(ErrorKind::kRun, "the store holds trial " + std::to_string(needed - 1) +
                                     " but no " + proposal_key(proposed.size()) +
                                     ": it is no record of an asynchronous search, or is damaged");
  }
  return proposed;
}

/// A repeat of a running network occupies no worker. A policy that has settled proposes little
/// else, and must not spend all trials before it learns again: at most one batch of repeats waits.
void AsyncSearch::fill_workers() {
  const auto workers = static_cast<size_t>(config_.runtime.workers);
  const auto batch = static_cast<size_t>(config_.search.batch);
  while (proposals_.size() < static_cast<size_t>(config_.search.trials) &&
         running_.size() < workers && running_.size() + waiting_ < workers + batch) {
    const uint64_t id = proposals_.size();
    start(id, propose());
  }
}

/// Recorded before it runs: what is in flight when the search is killed must run again as it was,
/// since an executor may still hold the job under the trial's id.
std::string AsyncSearch::propose() {
  const uint64_t id = proposals_.size();
  const auto [genotype, log_probability] = next_sample(id);
  parts_.store.set_fact(proposal_key(id), std::to_string(updates_) + " " +
                                              ConfigWriter::plain_number(log_probability) + " " +
                                              genotype);
  proposals_.push_back({updates_, log_probability});
  first_with_.emplace(genotype, id);
  return genotype;
}

/// The next sample; with `resample` the next that was not proposed, if one comes soon.
std::pair<std::string, double> AsyncSearch::next_sample(uint64_t id) {
  if (id < warm_.size()) {
    const std::vector<Genotype> warm = {warm_[id]};
    return {to_text(warm[0]), parts_.controller.log_probabilities(warm)[0]};
  }
  const bool resample = config_.search.duplicates == DuplicatePolicy::kResample;
  for (int attempt = 0;; ++attempt) {
    if (sampled_.empty()) sample_block(id + static_cast<uint64_t>(attempt) * kBlockStreams);
    auto sample = std::move(sampled_.front());
    sampled_.pop_front();
    if (!resample || attempt == kResamples || !first_with_.contains(sample.first)) return sample;
  }
}

/// All of a block are samples of the present policy: an update throws the rest away.
void AsyncSearch::sample_block(uint64_t first_id) {
  RandomStream stream(config_.seed, first_id, "proposals");
  const std::vector<Genotype> genotypes = parts_.controller.sample(kBlock, stream);
  const std::vector<double> log_probabilities = parts_.controller.log_probabilities(genotypes);
  for (size_t i = 0; i < genotypes.size(); ++i)
    sampled_.emplace_back(to_text(genotypes[i]), log_probabilities[i]);
}

void AsyncSearch::start(uint64_t id, const std::string& genotype) {
  Trial trial;
  trial.id = id;
  trial.genotype = genotype;
  const bool measure_again = config_.search.duplicates == DuplicatePolicy::kMeasureAgain;
  const uint64_t first = measure_again ? id : first_with_.at(genotype);
  price(trial, genotype_from_text(genotype), config_, parts_, first == id);
  if (const auto twin = done_.find(first); twin != done_.end()) {
    finish(like_twin(trial, twin->second));
  } else if (first != id) {
    repeats_[first].push_back(std::move(trial));
    ++waiting_;
  } else if (trial.status == TrialStatus::kInfeasible) {
    trial.reward = config_.search.failure_reward;
    finish(std::move(trial));
  } else {
    TrialSpec spec;
    spec.architecture = architecture_from_yaml(YamlView::parse(trial.architecture, "trial"));
    spec.seed = config_.seed;
    spec.trial_id = id;
    running_.emplace(id, std::move(trial));
    parts_.runner.submit(spec);
  }
}

void AsyncSearch::take(const TrialResult& result) {
  auto found = running_.extract(result.id);
  if (found.empty()) return;  // another attempt of a trial that is done
  Trial trial = std::move(found.mapped());
  trial.status = result.evaluation.status;
  trial.accuracy = result.evaluation.accuracy;
  trial.loss = result.evaluation.loss;
  trial.seconds = result.evaluation.seconds;
  trial.message = result.evaluation.message;
  const bool complete = trial.status == TrialStatus::kComplete;
  trial.reward =
      complete ? reward_(trial.accuracy, trial.latency_ms) : config_.search.failure_reward;
  failures_in_a_row_ = complete ? 0 : failures_in_a_row_ + 1;
  const std::string cause = enum_name(trial.status) + ": " + trial.message;
  finish(trial);
  settle_repeats(result.id);
  stop_where_told(config_.failures, trial);
  if (failures_in_a_row_ >= config_.search.max_failures_in_a_row) {
    throw Error(ErrorKind::kInfeasible,
                std::to_string(failures_in_a_row_) + " trainings in a row failed, the last one " +
                    cause + "; see `ridgeline show` and search.max_failures_in_a_row");
  }
}

void AsyncSearch::settle_repeats(uint64_t twin) {
  const auto found = repeats_.extract(twin);
  if (found.empty()) return;
  waiting_ -= found.mapped().size();
  for (const auto& repeat : found.mapped()) finish(like_twin(repeat, done_.at(twin)));
}

/// Commits a trial to the open batch; a full one is learned.
void AsyncSearch::finish(Trial trial) {
  trial.batch = updates_;
  trial.finished_at = utc_now();
  parts_.store.append(trial);
  if (observer_) observer_(trial);
  remember(std::move(trial));
  if (batch_.size() >= static_cast<size_t>(config_.search.batch)) learn();
}

void AsyncSearch::remember(Trial trial) {
  trial.architecture.clear();  // the store has it, and it is most of a trial's memory
  trial.architecture.shrink_to_fit();
  batch_.push_back(trial.id);
  done_.emplace(trial.id, std::move(trial));
}

/// One update on the batch, by id: the order of arrival within it must not reach the last bit.
void AsyncSearch::learn() {
  std::erase_if(batch_,
                [&](uint64_t id) { return !counts_in_update(config_.failures, done_.at(id)); });
  std::sort(batch_.begin(), batch_.end());
  std::vector<Genotype> genotypes;
  std::vector<double> rewards;
  for (const uint64_t id : batch_) {
    genotypes.push_back(genotype_from_text(done_.at(id).genotype));
    rewards.push_back(done_.at(id).reward);
  }
  std::vector<double> weights;
  if (!batch_.empty()) weights = parts_.controller.log_probabilities(genotypes);
  for (size_t i = 0; i < batch_.size(); ++i) {
    const Proposal& proposal = proposals_[batch_[i]];
    const double ratio = std::exp(weights[i] - proposal.log_probability);
    weights[i] = std::min(ratio, config_.search.importance_clip);
    const int age = std::max(0, updates_ - proposal.updates);
    staleness_sum_ += age;
    largest_staleness_ = std::max(largest_staleness_, age);
    clipped_ += ratio > config_.search.importance_clip;
  }
  learned_ += static_cast<double>(batch_.size());
  const UpdateStats stats = parts_.controller.update(genotypes, rewards, weights);
  spdlog::debug("update {}: mean reward {:.5f}, baseline {:.5f}, entropy {:.3f}, gradient {:.3g}",
                updates_, stats.mean_reward, stats.baseline, stats.entropy, stats.gradient_norm);
  batch_.clear();
  sampled_.clear();
  ++updates_;
}

Staleness AsyncSearch::staleness() const {
  const double count = std::max(1.0, learned_);
  return {staleness_sum_ / count, largest_staleness_, clipped_ / count, updates_};
}

}  // namespace ridgeline
