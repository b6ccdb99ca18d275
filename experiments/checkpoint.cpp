#include "experiments/checkpoint.h"

#include "core/logging.h"

namespace ridgeline {

void History::add(const Trial& trial) {
  std::string bytes = std::to_string(trial.id) + to_text(trial.genotype) + enum_name(trial.status);
  bytes.append(reinterpret_cast<const char*>(&trial.reward), sizeof trial.reward);
  value_ = hash_text(bytes, value_);
}

uint64_t history_of(std::span<const Trial> trials) {
  History history;
  for (const auto& trial : trials) history.add(trial);
  return history.value();
}

std::optional<Checkpoint> restore_checkpoint(const TrialStore& store,
                                             std::span<const Trial> recorded,
                                             Controller& controller) {
  for (auto& checkpoint : store.checkpoints()) {
    if (checkpoint.trials > recorded.size() ||
        history_of(recorded.first(checkpoint.trials)) != checkpoint.history) {
      continue;
    }
    try {
      controller.restore(checkpoint.state);
      return std::move(checkpoint);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kRun) throw;
      spdlog::warn("checkpoint after trial {}: {}; replaying the trials instead",
                   checkpoint.trials - 1, error.what());
    }
  }
  return std::nullopt;
}

}  // namespace ridgeline
