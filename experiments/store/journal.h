#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "experiments/store/store.h"

namespace ridgeline {

/// Is notified of each trial as it is committed, and of each that was found in the store.
using TrialObserver = std::function<void(const Trial&)>;

/// Groups what a search writes into few durable transactions. What is appended, and whatever else
/// is written to the store meanwhile, becomes durable with the next `commit`: before the controller
/// learns, before a proposal is run, before the search waits for anything, and at the latest with
/// the first `commit_if_due` after `kGroup`. So a kill loses only what came in while the search was
/// busy with the rest of its group, and the resumed run does exactly that again.
class Journal {
 public:
  static constexpr std::chrono::milliseconds kGroup{50};

  /// Groups from now on, until `close`; `store` must outlive the journal.
  Journal(TrialStore& store, TrialObserver observer);
  /// Commits what a search that was stopped by an exception had appended.
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// The observer is notified once it is durable.
  void append(const Trial& trial);
  /// Notifies the observer of a trial that the store has already.
  void found(const Trial& trial) const;
  /// Throws `kIo` when the file system refuses; then nothing of the group is in the file.
  void commit();
  void commit_if_due();
  /// Commits, and leaves the store as it was: each further write is durable by itself.
  void close();

 private:
  using Clock = std::chrono::steady_clock;

  TrialStore& store_;
  TrialObserver observer_;
  std::vector<Trial> uncommitted_;  // kept for the observer
  Clock::time_point committed_ = Clock::now();
  bool open_ = true;
};

}  // namespace ridgeline
