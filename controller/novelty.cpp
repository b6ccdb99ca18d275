#include "controller/novelty.h"

#include <numeric>
#include <unordered_set>

#include "controller/decorator.h"
#include "controller/mutation.h"
#include "controller/state.h"

namespace ridgeline {
namespace {

/// Identities instead of genotypes: eight bytes per trial. Two genotypes of one identity, one in
/// 1e9 among 100,000, only cost a proposal.
using Identities = std::unordered_set<uint64_t>;

uint64_t identity(const Genotype& genotype) { return hash_text(to_text(genotype)); }

class Novel final : public ControllerDecorator {
 public:
  Novel(std::unique_ptr<Controller> inner, ControllerKind kind,
        const std::vector<Decision>& decisions, int redraws)
      : ControllerDecorator(std::move(inner)),
        kind_(kind),
        decisions_(decisions),
        redraws_(redraws) {
    // A settled policy asks some 40 times per proposal: most questions end at an empty bucket.
    told_.max_load_factor(0.25F);
  }

  std::vector<Genotype> sample(int n, RandomStream& stream) override;

  void add_pending(std::span<const Genotype> proposed) override {
    for (const auto& genotype : proposed) pending_.insert(identity(genotype));
  }

  UpdateStats update(std::span<const Observation> batch) override {
    const UpdateStats stats = inner().update(batch);
    for (const auto& observation : batch) remember(observation.genotype);
    return stats;
  }

  std::string save() const override {
    StateWriter writer(kind_, decisions_);
    writer.text(inner().save());
    writer.integer(order_.size());
    for (const uint64_t told : order_) writer.integer(told);
    return writer.finish();
  }

  void restore(const std::string& bytes) override {
    StateReader reader(bytes, kind_, decisions_);
    const std::string state = reader.text();
    std::vector<uint64_t> order;
    for (uint64_t left = reader.integer(); left > 0; --left) order.push_back(reader.integer());
    reader.finish();
    inner().restore(state);
    order_ = std::move(order);
    told_.clear();
    told_.insert(order_.begin(), order_.end());
  }

 private:
  void remember(const Genotype& genotype) {
    const uint64_t id = identity(genotype);
    pending_.erase(id);
    if (told_.insert(id).second) order_.push_back(id);
  }
  std::vector<size_t> take_new(const std::vector<Genotype>& genotypes,
                               const std::vector<size_t>& open, Identities& taken) const;

  ControllerKind kind_;
  std::vector<Decision> decisions_;
  int redraws_;
  Identities told_;
  std::vector<uint64_t> order_;  // of told_, as first told
  Identities pending_;           // proposed, not told
};

// Redraws use a stream made from the first draw, not `stream` itself: how much of that is used up
// must not depend on what is known.
std::vector<Genotype> Novel::sample(int n, RandomStream& stream) {
  std::vector<Genotype> genotypes = inner().sample(n, stream);
  std::string texts;
  for (const auto& genotype : genotypes) texts += to_text(genotype) + ' ';
  RandomStream again(hash_text(texts), order_.size(), "redraw");
  Identities taken;
  std::vector<size_t> open(genotypes.size());
  std::iota(open.begin(), open.end(), size_t{0});
  for (int round = 0; round < redraws_; ++round) {
    open = take_new(genotypes, open, taken);
    if (open.empty()) return genotypes;
    const auto drawn = inner().sample(static_cast<int>(open.size()), again);
    for (size_t k = 0; k < open.size(); ++k) genotypes[open[k]] = drawn[k];
  }
  for (int step = 0; step < redraws_; ++step) {
    open = take_new(genotypes, open, taken);
    for (const size_t i : open) genotypes[i] = mutated(decisions_, genotypes[i], again);
  }
  return genotypes;
}

/// Those of `open` that are known or taken; the others become taken.
std::vector<size_t> Novel::take_new(const std::vector<Genotype>& genotypes,
                                    const std::vector<size_t>& open, Identities& taken) const {
  std::vector<size_t> known;
  for (const size_t i : open) {
    const uint64_t id = identity(genotypes[i]);
    if (told_.contains(id) || pending_.contains(id) || !taken.insert(id).second) known.push_back(i);
  }
  return known;
}

}  // namespace

std::unique_ptr<Controller> make_novel(std::unique_ptr<Controller> inner, ControllerKind kind,
                                       const std::vector<Decision>& decisions, int redraws) {
  return std::make_unique<Novel>(std::move(inner), kind, decisions, redraws);
}

}  // namespace ridgeline
