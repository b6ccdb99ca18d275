#include "experiments/search.h"

#include <algorithm>
#include <set>

#include "core/interrupt.h"
#include "experiments/pricing.h"

namespace ridgeline {
namespace {

constexpr int kResamples = 100;

}  // namespace

void Search::run() {
  recorded_ = parts_.store.trials(Phase::kSearch, /*architectures=*/false);
  restore_rungs(recorded_);
  const size_t learned = restore(recorded_);
  for (uint64_t id = 0; id < learned; ++id) {
    first_with(recorded_[id].genotype, id);
    commit(std::move(recorded_[id]), Commit::kLearned);
    stop_if_hopeless(done_.at(id));
  }
  const int total = config_.search.trials;
  while (static_cast<int>(done_.size()) < total && !stop_rules_.stop(done_.size())) {
    const int first = static_cast<int>(done_.size());
    const int count = std::min(config_.search.batch, total - first);
    run_batch(propose(static_cast<uint64_t>(first), count));
    learn();
  }
  journal_.close();
}

/// What is drawn again depends on the committed trials alone, so that a replay draws the same.
std::vector<Genotype> Search::draw(int count) const {
  const auto batch = static_cast<uint64_t>(updates_);
  RandomStream stream(config_.seed, batch, "sample");
  // Redraws depend on the whole batch: one that `search.trials` cuts short begins as the whole one.
  std::vector<Genotype> genotypes = parts_.controller.sample(config_.search.batch, stream);
  genotypes.resize(static_cast<size_t>(count));
  size_t warm = 0;
  for (; warm < genotypes.size() && done_.size() + warm < warm_.size(); ++warm)
    genotypes[warm] = warm_[done_.size() + warm];
  if (config_.search.duplicates != DuplicatePolicy::kResample) return genotypes;
  RandomStream again(config_.seed, batch, "resample");
  std::set<Genotype> taken;
  for (size_t i = 0; i < genotypes.size(); ++i) {
    Genotype& genotype = genotypes[i];
    for (int attempt = 0; i >= warm && attempt < kResamples; ++attempt) {
      if (!known(genotype) && !taken.contains(genotype)) break;
      genotype = parts_.controller.sample(1, again).front();
    }
    taken.insert(genotype);
  }
  return genotypes;
}

std::vector<Trial> Search::propose(uint64_t first_id, int count) {
  std::vector<Trial> proposals;
  for (Genotype& genotype : draw(count)) {
    Trial trial;
    trial.id = first_id + proposals.size();
    trial.batch = updates_;
    trial.genotype = std::move(genotype);
    if (recorded(trial)) {
      Trial& recorded = recorded_[trial.id];
      if (recorded.id != trial.id || recorded.genotype != trial.genotype) {
        throw Error(ErrorKind::kRun,
                    "trial " + std::to_string(trial.id) + " is recorded as " +
                        to_text(recorded.genotype) + ", but this configuration proposes " +
                        to_text(trial.genotype) +
                        ": the store belongs to another configuration or version, or is damaged");
      }
      trial = std::move(recorded);
      first_with(trial.genotype, trial.id);
    } else {
      const uint64_t first = first_with(trial.genotype, trial.id);
      const bool repeats = first != trial.id && !measures_again();
      stop_if_interrupted(progress());
      price(trial, scoring_, parts_, !repeats);
      if (repeats) trial.reused_from = static_cast<int64_t>(first);
      journal_.commit_if_due();
    }
    proposals.push_back(std::move(trial));
  }
  return proposals;
}

void Search::run_batch(std::vector<Trial> proposals) {
  submit_pending(proposals);
  run_rungs(proposals);
  for (Trial& trial : proposals) {
    while (!fill_if_known(trial)) receive();
    const uint64_t id = trial.id;
    commit(std::move(trial), id < recorded_.size() ? Commit::kRecorded : Commit::kNew);
    stop_if_hopeless(done_.at(id));
  }
}

void Search::receive() {
  journal_.commit_if_due();
  TrialResult result = wait();
  arrived_.insert_or_assign(result.id, whole(result.id, std::move(result.evaluation)));
}

/// Trains the batch to one rung after the other. A rung is decided once the whole batch is there,
/// so that the order of arrival decides nothing.
void Search::run_rungs(const std::vector<Trial>& proposals) {
  std::vector<const Trial*> at_rung;
  for (const Trial& trial : proposals) {
    if (is_to_train(trial)) at_rung.push_back(&trial);
  }
  for (int rung = 0; rung < stopping_.rungs() && !at_rung.empty(); ++rung) {
    for (const Trial* trial : at_rung) {
      while (!arrived_.contains(trial->id)) receive();
    }
    std::erase_if(at_rung, [&](const Trial* trial) {
      return arrived_.at(trial->id).status != TrialStatus::kStopped;
    });
    for (const Trial* trial : at_rung) reach(*trial, arrived_.at(trial->id));
    std::erase_if(at_rung,
                  [&](const Trial* trial) { return !goes_on(*trial, arrived_.at(trial->id)); });
    journal_.commit();  // no training is ahead of what is recorded of it
    for (const Trial* trial : at_rung) {
      arrived_.erase(trial->id);
      parts_.runner.submit(spec_of(*trial));
    }
  }
}

void Search::submit_pending(const std::vector<Trial>& proposals) {
  std::vector<TrialSpec> specs;
  std::vector<Proposal> pending;
  for (const auto& trial : proposals) {
    if (!is_to_train(trial)) continue;
    specs.push_back(spec_of(trial));
    pending.push_back({trial.id, trial.genotype});
  }
  if (specs.empty()) return;
  parts_.store.append_proposals(pending);
  journal_.commit();
  for (const auto& spec : specs) parts_.runner.submit(spec);
}

/// Fills a trial from its twin or from an evaluation that has arrived; false: not yet known.
bool Search::fill_if_known(Trial& trial) {
  if (recorded(trial)) return true;
  if (trial.reused_from >= 0) {
    trial = like_twin(trial, done_.at(static_cast<uint64_t>(trial.reused_from)));
  } else if (trial.status == TrialStatus::kPending) {
    const auto arrived = arrived_.extract(trial.id);
    if (arrived.empty()) return false;
    scoring_.score(trial, arrived.mapped());
  }
  return true;
}

}  // namespace ridgeline
