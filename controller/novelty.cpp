#include "controller/novelty.h"

#include <algorithm>
#include <unordered_set>

#include "controller/decorator.h"
#include "controller/mutation.h"
#include "controller/state.h"

namespace ridgeline {
namespace {

/// From one block of redraws to the next.
constexpr int kGrowth = 4;

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
  /// Whether `genotype` is neither known nor taken; then it is taken.
  bool take(const Genotype& genotype, Identities& taken) const {
    const uint64_t id = identity(genotype);
    return !told_.contains(id) && !pending_.contains(id) && taken.insert(id).second;
  }

  ControllerKind kind_;
  std::vector<Decision> decisions_;
  int redraws_;
  Identities told_;
  std::vector<uint64_t> order_;  // of told_, as first told
  Identities pending_;           // proposed, not told
};

// Redraws use a stream made from the first draw, not `stream` itself: how much of that is used up
// must not depend on what is known. They are made in growing blocks, since a draw costs less among
// many.
std::vector<Genotype> Novel::sample(int n, RandomStream& stream) {
  std::vector<Genotype> genotypes = inner().sample(n, stream);
  std::string texts;
  for (const auto& genotype : genotypes) texts += to_text(genotype) + ' ';
  RandomStream again(hash_text(texts), order_.size(), "redraw");
  Identities taken;
  std::vector<size_t> open;
  for (size_t i = 0; i < genotypes.size(); ++i) {
    if (!take(genotypes[i], taken)) open.push_back(i);
  }
  int block = 1;  // draws per open proposal
  for (int left = redraws_; left > 0 && !open.empty(); left -= block, block *= kGrowth) {
    block = std::min(block, left);
    const auto drawn = inner().sample(static_cast<int>(open.size()) * block, again);
    auto next = drawn.begin();
    std::erase_if(open, [&](size_t i) {
      const auto last = next + block;
      const auto found =
          std::find_if(next, last, [&](const Genotype& draw) { return take(draw, taken); });
      genotypes[i] = found == last ? *(last - 1) : *found;
      next = last;
      return found != last;
    });
  }
  for (int step = 0; step < redraws_ && !open.empty(); ++step) {
    std::erase_if(open, [&](size_t i) {
      genotypes[i] = mutated(decisions_, genotypes[i], again);
      return take(genotypes[i], taken);
    });
  }
  return genotypes;
}

}  // namespace

std::unique_ptr<Controller> make_novel(std::unique_ptr<Controller> inner, ControllerKind kind,
                                       const std::vector<Decision>& decisions, int redraws) {
  return std::make_unique<Novel>(std::move(inner), kind, decisions, redraws);
}

}  // namespace ridgeline
