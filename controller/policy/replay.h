#pragma once

#include <map>
#include <set>
#include <span>
#include <vector>

#include "controller/state.h"

namespace ridgeline {

/// The best different genotypes observed so far: the priority queue of Abolafia et al. 2018. A
/// genotype that is observed again counts with its latest reward; of equal rewards the earlier one
/// stays.
class BestReplay {
 public:
  explicit BestReplay(size_t capacity) : capacity_(capacity) {}
  void observe(const Genotype& genotype, double reward);
  /// Best first.
  std::vector<Genotype> genotypes() const;
  void save(StateWriter& writer) const;
  /// Replaces what is held by what the state holds, at most the capacity.
  void restore(StateReader& reader);

 private:
  struct Entry {
    Genotype genotype;
    double reward = 0;
  };
  size_t capacity_;
  std::vector<Entry> entries_;  // best first
};

}  // namespace ridgeline
