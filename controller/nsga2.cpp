#include "controller/nsga2.h"

#include <algorithm>
#include <cmath>

#include "controller/checks.h"
#include "controller/marginals.h"
#include "controller/mutation.h"
#include "controller/pareto_rank.h"
#include "controller/state.h"
#include "core/error.h"

namespace ridgeline {
namespace {

struct Individual {
  Genotype genotype;
  Objectives objectives;
};

class Nsga2 final : public Controller {
 public:
  Nsga2(const ControllerConfig& config, const std::vector<Decision>& decisions)
      : population_(static_cast<size_t>(config.population)),
        crossover_(config.nsga2.crossover),
        mutation_(std::min(1.0, config.nsga2.mutations / static_cast<double>(decisions.size()))),
        decisions_(decisions) {}

  std::vector<Genotype> sample(int n, RandomStream& stream) override {
    std::vector<Genotype> genotypes;
    for (int i = 0; i < n; ++i) {
      // A stream of its own: how many numbers a child needs depends on its parents.
      RandomStream own(stream.next());
      genotypes.push_back(propose(own));
    }
    return genotypes;
  }

  UpdateStats update(std::span<const Observation> batch) override;
  std::vector<double> log_probabilities(std::span<const Genotype> genotypes) override;
  std::string save() const override;
  void restore(const std::string& bytes) override;

  std::vector<std::vector<double>> marginals(int samples, RandomStream& stream) override {
    return frequencies(decisions_, sample(samples, stream));
  }

 private:
  bool warming_up() const { return members_.size() < population_; }
  const Genotype& win_tournament(RandomStream& stream) const;
  Genotype propose(RandomStream& stream) const;
  double wins(size_t rank) const;
  double inherits(size_t decision, int from, int choice) const;
  double child_probability(const Genotype& a, const Genotype& b, const Genotype& child) const;
  double probability(const Genotype& genotype) const;

  size_t population_;
  double crossover_;
  double mutation_;  // probability per decision
  std::vector<Decision> decisions_;
  std::vector<Individual> members_;  // best first, by the crowded comparison
};

const Genotype& Nsga2::win_tournament(RandomStream& stream) const {
  const int size = static_cast<int>(members_.size());
  const int one = stream.below(size), other = stream.below(size);
  return members_[static_cast<size_t>(std::min(one, other))].genotype;
}

Genotype Nsga2::propose(RandomStream& stream) const {
  if (warming_up()) return random_genotype(decisions_, stream);
  const Genotype& a = win_tournament(stream);
  const Genotype& b = win_tournament(stream);
  const bool crossing = stream.uniform() < crossover_;
  Genotype child;
  for (size_t d = 0; d < decisions_.size(); ++d) {
    const int choices = decisions_[d].choices();
    const bool from_b = crossing && stream.uniform() < 0.5;
    int choice = from_b ? b[d] : a[d];
    if (choice == kInactive && crossing) choice = from_b ? a[d] : b[d];
    if (choice == kInactive) choice = stream.below(choices);
    if (stream.uniform() < mutation_ && choices > 1) {
      const int other = stream.below(choices - 1);
      choice = other < choice ? other : other + 1;
    }
    child.push_back(is_active(decisions_[d], child) ? choice : kInactive);
  }
  return child;
}

/// The probability that the member of this rank (0: best) is the better of two draws.
double Nsga2::wins(size_t rank) const {
  const auto size = static_cast<double>(members_.size());
  const double this_or_worse = (size - static_cast<double>(rank)) / size;
  const double worse = this_or_worse - 1 / size;
  return this_or_worse * this_or_worse - worse * worse;
}

/// The probability that a decision taken over as `from` ends as `choice`.
double Nsga2::inherits(size_t decision, int from, int choice) const {
  const int choices = decisions_[decision].choices();
  if (choices == 1) return 1;
  if (from == kInactive) return 1.0 / choices;  // drawn uniformly, which a mutation leaves uniform
  return from == choice ? 1 - mutation_ : mutation_ / (choices - 1);
}

double Nsga2::child_probability(const Genotype& a, const Genotype& b, const Genotype& child) const {
  double crossed = crossover_, copied = 1 - crossover_;
  for (size_t d = 0; d < child.size(); ++d) {
    if (child[d] == kInactive) continue;
    const int first = a[d] == kInactive ? b[d] : a[d];
    const int second = b[d] == kInactive ? a[d] : b[d];
    crossed *= (inherits(d, first, child[d]) + inherits(d, second, child[d])) / 2;
    copied *= inherits(d, a[d], child[d]);
  }
  return crossed + copied;
}

double Nsga2::probability(const Genotype& genotype) const {
  if (warming_up()) return uniform_probability(decisions_, genotype);
  double sum = 0;
  for (size_t a = 0; a < members_.size(); ++a) {
    for (size_t b = 0; b < members_.size(); ++b) {
      sum += wins(a) * wins(b) *
             child_probability(members_[a].genotype, members_[b].genotype, genotype);
    }
  }
  return sum;
}

void check_objectives(std::span<const Observation> batch) {
  for (size_t i = 0; i < batch.size(); ++i) {
    if (!batch[i].objectives) {
      throw Error(ErrorKind::kInternal,
                  "controller: nsga2 learns from accuracy and latency, and observation " +
                      std::to_string(i) + " of the batch has none");
    }
    const Objectives& one = *batch[i].objectives;
    if (!one.complete || (std::isfinite(one.accuracy) && std::isfinite(one.latency_ms))) continue;
    throw Error(ErrorKind::kInternal, "controller: objective " + std::to_string(i) +
                                          " of the batch is not finite: accuracy " +
                                          std::to_string(one.accuracy) + ", latency " +
                                          std::to_string(one.latency_ms) + " ms");
  }
}

// A genotype that is observed again counts once, as it was measured last.
UpdateStats Nsga2::update(std::span<const Observation> batch) {
  check_batch(decisions_, batch);
  check_objectives(batch);
  UpdateStats stats;
  for (const auto& observation : batch) {
    const auto known = std::find_if(members_.begin(), members_.end(), [&](const Individual& m) {
      return m.genotype == observation.genotype;
    });
    if (known != members_.end()) {
      known->objectives = *observation.objectives;
    } else {
      members_.push_back({observation.genotype, *observation.objectives});
    }
    stats.mean_reward += observation.reward / static_cast<double>(batch.size());
  }
  std::vector<Objectives> points;
  for (const Individual& member : members_) points.push_back(member.objectives);
  std::vector<size_t> order = crowded_order(points);
  order.resize(std::min(order.size(), population_));
  std::vector<Individual> survivors;
  for (const size_t i : order) survivors.push_back(std::move(members_[i]));
  members_ = std::move(survivors);
  return stats;
}

std::vector<double> Nsga2::log_probabilities(std::span<const Genotype> genotypes) {
  std::vector<double> log_prob;
  for (const auto& genotype : genotypes) {
    check_genotype(decisions_, genotype);
    log_prob.push_back(std::log(probability(genotype)));
  }
  return log_prob;
}

std::string Nsga2::save() const {
  StateWriter writer(ControllerKind::kNsga2, decisions_);
  writer.integer(members_.size());
  for (const auto& [genotype, objectives] : members_) {
    writer.text(to_text(genotype));
    writer.number(objectives.accuracy);
    writer.number(objectives.latency_ms);
    writer.integer(objectives.complete ? 1 : 0);
  }
  return writer.finish();
}

void Nsga2::restore(const std::string& bytes) {
  StateReader reader(bytes, ControllerKind::kNsga2, decisions_);
  std::vector<Individual> members;
  for (uint64_t left = reader.integer(); left > 0; --left) {
    Individual member{genotype_from_text(reader.text()), {}};
    member.objectives.accuracy = reader.number();
    member.objectives.latency_ms = reader.number();
    member.objectives.complete = reader.integer() != 0;
    members.push_back(std::move(member));
  }
  reader.finish();
  members.resize(std::min(members.size(), population_));
  members_ = std::move(members);
}

}  // namespace

std::unique_ptr<Controller> make_nsga2(const ControllerConfig& config,
                                       const std::vector<Decision>& decisions) {
  return std::make_unique<Nsga2>(config, decisions);
}

}  // namespace ridgeline
