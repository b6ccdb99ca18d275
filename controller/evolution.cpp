#include "controller/evolution.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>

#include "controller/checks.h"
#include "controller/marginals.h"
#include "controller/mutation.h"
#include "controller/state.h"

namespace ridgeline {
namespace {

struct Member {
  Genotype genotype;
  double reward = 0;
};

class Evolution final : public Controller {
 public:
  Evolution(const ControllerConfig& config, const std::vector<Decision>& decisions)
      : population_(static_cast<size_t>(config.population)),
        tournament_(config.tournament),
        decisions_(decisions) {}

  std::vector<Genotype> sample(int n, RandomStream& stream) override {
    std::vector<Genotype> genotypes;
    for (int i = 0; i < n; ++i) {
      // A stream of its own: how many numbers a child needs depends on its parent.
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
  Genotype propose(RandomStream& stream) const;
  double child_probability(const Genotype& parent, const Genotype& child) const;
  double probability(const Genotype& genotype) const;

  size_t population_;
  int tournament_;
  std::vector<Decision> decisions_;
  std::deque<Member> members_;  // oldest first
};

Genotype Evolution::propose(RandomStream& stream) const {
  if (warming_up()) return random_genotype(decisions_, stream);
  size_t winner = members_.size();
  for (int i = 0; i < tournament_; ++i) {
    const auto drawn = static_cast<size_t>(stream.below(static_cast<int>(members_.size())));
    // Of equals the younger wins, so that the outcome does not depend on the order of drawing.
    if (winner == members_.size() || members_[drawn].reward > members_[winner].reward ||
        (members_[drawn].reward == members_[winner].reward && drawn > winner)) {
      winner = drawn;
    }
  }
  return mutated(decisions_, members_[winner].genotype, stream);
}

/// The probability that `mutated(parent)` is `child`: they differ in one decision that is active
/// in both, and else only where one of them is inactive.
double Evolution::child_probability(const Genotype& parent, const Genotype& child) const {
  const auto candidates = mutable_decisions(decisions_, parent);
  if (candidates.empty()) return parent == child ? 1 : 0;
  double probability = 1.0 / static_cast<double>(candidates.size());
  int differing = 0;
  for (size_t d = 0; d < decisions_.size(); ++d) {
    if (child[d] == kInactive || child[d] == parent[d]) continue;
    if (parent[d] == kInactive) {
      probability /= decisions_[d].choices();
    } else if (++differing == 1) {
      probability /= decisions_[d].choices() - 1;
    } else {
      return 0;
    }
  }
  return differing == 1 ? probability : 0;
}

/// Sums over the parents: the member of rank r (0: best) wins when all draws are of rank r or worse
/// and not all are worse.
double Evolution::probability(const Genotype& genotype) const {
  if (warming_up()) return uniform_probability(decisions_, genotype);
  std::vector<size_t> ranked(members_.size());
  std::iota(ranked.rbegin(), ranked.rend(), size_t{0});  // the younger first
  std::stable_sort(ranked.begin(), ranked.end(),
                   [this](size_t a, size_t b) { return members_[a].reward > members_[b].reward; });
  const auto size = static_cast<double>(ranked.size());
  double sum = 0;
  for (size_t r = 0; r < ranked.size(); ++r) {
    const double this_or_worse = (size - static_cast<double>(r)) / size;
    const double worse = this_or_worse - 1 / size;
    const double wins = std::pow(this_or_worse, tournament_) - std::pow(worse, tournament_);
    sum += wins * child_probability(members_[ranked[r]].genotype, genotype);
  }
  return sum;
}

UpdateStats Evolution::update(std::span<const Observation> batch) {
  check_batch(decisions_, batch);
  UpdateStats stats;
  for (const auto& observation : batch) {
    members_.push_back({observation.genotype, observation.reward});
    if (members_.size() > population_) members_.pop_front();
    stats.mean_reward += observation.reward / static_cast<double>(batch.size());
  }
  return stats;
}

std::vector<double> Evolution::log_probabilities(std::span<const Genotype> genotypes) {
  std::vector<double> log_prob;
  for (const auto& genotype : genotypes) {
    check_genotype(decisions_, genotype);
    log_prob.push_back(std::log(probability(genotype)));
  }
  return log_prob;
}

std::string Evolution::save() const {
  StateWriter writer(ControllerKind::kEvolution, decisions_);
  writer.integer(members_.size());
  for (const auto& member : members_) {
    writer.text(to_text(member.genotype));
    writer.number(member.reward);
  }
  return writer.finish();
}

void Evolution::restore(const std::string& bytes) {
  StateReader reader(bytes, ControllerKind::kEvolution, decisions_);
  std::deque<Member> members;
  for (uint64_t left = reader.integer(); left > 0; --left) {
    Genotype genotype = genotype_from_text(reader.text());
    members.push_back({std::move(genotype), reader.number()});
  }
  reader.finish();
  while (members.size() > population_) members.pop_front();
  members_ = std::move(members);
}

}  // namespace

std::unique_ptr<Controller> make_evolution(const ControllerConfig& config,
                                           const std::vector<Decision>& decisions) {
  return std::make_unique<Evolution>(config, decisions);
}

}  // namespace ridgeline
