#pragma once

#include <string>

#include "experiments/sqlite.h"
#include "experiments/trial.h"

namespace ridgeline {

inline constexpr int kStoreVersion = 2;

/// Brings a store to `kStoreVersion`; a new file gets the whole schema. Throws `kRun` for a newer
/// version, and for an older one that is open for reading only (`resume` migrates it).
void migrate_store(Database& database);

/// "WAL", or "DELETE" (the rollback journal) where `file_system_type` (statfs) is a network file
/// system: WAL shares memory between processes, which such a system cannot.
std::string journal_mode_for(long file_system_type);

/// The columns of a trial, in the order of `bind_trial` and `read_trial`; the last is the checksum.
inline constexpr const char* kTrialColumns =
    "id, phase, batch, genotype, architecture, status, accuracy, latency_ms, reward, loss, params, "
    "madds, reused_from, seconds, finished_at, message, checksum";
void bind_trial(Statement& insert, const Trial& trial);
/// Throws `kRun` for a row that does not match its checksum.
Trial read_trial(const Statement& row, const std::string& where);
TrialStatus status_from_text(const std::string& text, const std::string& where);

}  // namespace ridgeline
