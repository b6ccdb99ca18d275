#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace ridgeline {

/// Checks the store's file (PRAGMA quick_check) and the checksums of all trials, attempts and
/// learning curves. When it is damaged, a copy is put aside as store.damaged-N.sqlite and the store
/// is rebuilt from what is sound: the trials before the first lost one in the order of commits, so
/// that replaying them stays consistent, and the run's proposals, attempts, facts and events.
/// `needs_proposals`: a trial whose
/// proposal is lost cannot be replayed (an asynchronous search; a synchronous one derives them
/// anew). A copy of a damaged write-ahead log is kept (wal.h), and what SQLite does not recover of
/// it is used as far as it is sound. What was lost, in one line; nothing for a sound store. Throws
/// `kRun` when neither a trial nor an attempt can be read, and leaves the file alone.
std::optional<std::string> rescue_store(const std::filesystem::path& store,
                                        bool needs_proposals = false);

}  // namespace ridgeline
