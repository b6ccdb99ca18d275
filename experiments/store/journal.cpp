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
  if (observer_) uncommitted_.push_back(trial);
}

void Journal::found(const Trial& trial) const {
  if (observer_) observer_(trial);
}

void Journal::commit() {
  // Taken out first: nobody is notified of a group that cannot be committed.
  const std::vector<Trial> trials = std::exchange(uncommitted_, {});
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
