#pragma once

#include <optional>
#include <span>

#include "core/random.h"
#include "experiments/store/store.h"

namespace ridgeline {

/// Identity of a sequence of trials as the controller saw them: ids, genotypes, statuses, rewards.
class History {
 public:
  void add(const Trial& trial);
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = hash_text("");
};
uint64_t history_of(std::span<const Trial> trials);

/// Restores the newest sound checkpoint that was taken after a prefix of `recorded` (in the order
/// of commits), after the very same trials, and returns it; nothing when none is: then all are
/// replayed.
std::optional<Checkpoint> restore_checkpoint(const TrialStore& store,
                                             std::span<const Trial> recorded,
                                             Controller& controller);

}  // namespace ridgeline
