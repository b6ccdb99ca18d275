#include "experiments/store/journal.h"

#include <utility>

#include "core/logging.h"

namespace ridgeline {

Journal::Journal(TrialStore& store, TrialObserver observer)
    : store_(store), observer_(std::move(observer)) {
  store_.hold();
}

Journal::~Journal() {
  try {
    close();
  } catch (const std::exception& error) {
    spdlog::error("{}", error.what());
  }
}

void Journal::append(const Trial& trial) {
  store_.append(trial);
  if (observer_) untold_.push_back(trial);
}

void Journal::found(const Trial& trial) const {
  if (observer_) observer_(trial);
}

void Journal::commit() {
  // Taken out first: a group that cannot be committed is not told of later.
  const std::vector<Trial> trials = std::exchange(untold_, {});
  const bool kept = store_.commit();
  committed_ = Clock::now();
  if (!kept) return;
  for (const auto& trial : trials) observer_(trial);
}

void Journal::commit_if_due() {
  if (Clock::now() - committed_ >= kGroup) commit();
}

void Journal::close() {
  if (!open_) return;
  open_ = false;
  try {
    commit();
  } catch (...) {
    store_.release();
    throw;
  }
  store_.release();
}

}  // namespace ridgeline
