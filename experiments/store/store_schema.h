#pragma once

#include <string>

#include "experiments/store/sqlite.h"

namespace ridgeline {

inline constexpr int kStoreVersion = 9;
/// The oldest that is brought up to date.
inline constexpr int kOldestStoreVersion = 5;
/// The oldest whose tables hold what those of today do, so that they can be read as they are.
inline constexpr int kOldestReadOnlyVersion = 6;
bool reads_version(int64_t version);

/// Brings a store to `kStoreVersion`; a new file gets the whole schema. Throws `kRun` for a version
/// that this program does not read, and for one before `kOldestReadOnlyVersion` that is open for
/// reading only (`resume` migrates it).
void migrate_store(Database& database);

/// "WAL", or "DELETE" (the rollback journal) where `file_system_type` (statfs) is a network file
/// system: WAL shares memory between processes, which such a system cannot.
std::string journal_mode_for(long file_system_type);

}  // namespace ridgeline
