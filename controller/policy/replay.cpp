#include "controller/policy/replay.h"

#include <algorithm>

namespace ridgeline {

void BestReplay::observe(const Genotype& genotype, double reward) {
  if (capacity_ == 0) return;
  std::erase_if(entries_, [&](const Entry& entry) { return entry.genotype == genotype; });
  const auto place = std::find_if(entries_.begin(), entries_.end(),
                                  [reward](const Entry& entry) { return entry.reward < reward; });
  entries_.insert(place, {genotype, reward});
  if (entries_.size() > capacity_) entries_.pop_back();
}

std::vector<Genotype> BestReplay::genotypes() const {
  std::vector<Genotype> genotypes;
  for (const auto& entry : entries_) genotypes.push_back(entry.genotype);
  return genotypes;
}

void BestReplay::save(StateWriter& writer) const {
  writer.integer(entries_.size());
  for (const auto& entry : entries_) {
    writer.text(to_text(entry.genotype));
    writer.number(entry.reward);
  }
}

void BestReplay::restore(StateReader& reader) {
  entries_.clear();
  for (uint64_t left = reader.integer(); left > 0; --left) {
    Genotype genotype = genotype_from_text(reader.text());
    entries_.push_back({std::move(genotype), reader.number()});
  }
  if (entries_.size() > capacity_) entries_.resize(capacity_);
}

}  // namespace ridgeline
