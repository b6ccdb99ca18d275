#include "controller/novelty.h"

#include <algorithm>

#include "controller/mutation.h"
#include "controller/state.h"

namespace ridgeline {
namespace {

/// From one block of redraws to the next.
constexpr int kGrowth = 4;

uint64_t identity(const Genotype& genotype) { return hash_text(to_text(genotype)); }

}  // namespace

Novel::Novel(std::unique_ptr<Controller> inner, ControllerKind kind,
             const std::vector<Decision>& decisions, int redraws)
    : ControllerDecorator(std::move(inner)), kind_(kind), decisions_(decisions), redraws_(redraws) {
  // A converged policy asks some 40 times per proposal: most questions end at an empty bucket.
  observed_.max_load_factor(0.25F);
}

bool Novel::observed(const Genotype& genotype) const {
  return observed_.contains(identity(genotype));
}

bool Novel::knows(const Genotype& genotype) const {
  const uint64_t id = identity(genotype);
  return observed_.contains(id) || pending_.contains(id);
}

void Novel::add_pending(std::span<const Genotype> proposed) {
  for (const auto& genotype : proposed) pending_.insert(identity(genotype));
}

UpdateStats Novel::update(std::span<const Observation> batch) {
  const UpdateStats stats = inner().update(batch);
  for (const auto& observation : batch) {
    const uint64_t id = identity(observation.genotype);
    pending_.erase(id);
    if (observed_.insert(id).second) order_.push_back(id);
  }
  return stats;
}

std::string Novel::save() const {
  StateWriter writer(kind_, decisions_);
  writer.text(inner().save());
  writer.integer(order_.size());
  for (const uint64_t id : order_) writer.integer(id);
  return writer.finish();
}

void Novel::restore(const std::string& bytes) {
  StateReader reader(bytes, kind_, decisions_);
  const std::string state = reader.text();
  std::vector<uint64_t> order;
  for (uint64_t left = reader.integer(); left > 0; --left) order.push_back(reader.integer());
  reader.finish();
  inner().restore(state);
  order_ = std::move(order);
  observed_.clear();
  observed_.insert(order_.begin(), order_.end());
}

bool Novel::take(const Genotype& genotype, Identities& taken) const {
  return !knows(genotype) && taken.insert(identity(genotype)).second;
}

// Redraws use a stream made from the first draw, not `stream` itself: how much of that is used up
// must not depend on what is known. They are made in growing blocks, since a draw costs less among
// many.
std::vector<Genotype> Novel::sample(int n, RandomStream& stream) {
  std::vector<Genotype> genotypes = inner().sample(n, stream);
  if (redraws_ == 0) return genotypes;
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

}  // namespace ridgeline
