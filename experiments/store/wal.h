#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

namespace ridgeline {

/// What SQLite will silently leave out when it recovers a write-ahead log (WAL).
struct LostFrames {
  size_t frames = 0;        ///< pages that belong to the log, after the first damaged one
  size_t transactions = 0;  ///< that end among them; 0: nothing that was committed is lost
  bool operator==(const LostFrames&) const = default;
};

/// Follows the log's header, salts and checksums as SQLite does (the file format: "Database File
/// Format" of SQLite, section 4). What an earlier use of the log left behind it does not count, nor
/// what was never committed. `wal`: the bytes of the file.
LostFrames lost_frames(const std::string& wal);

enum class LogPart {
  kRecovered,  ///< as SQLite does
  kAll         ///< also behind the first damaged page, for readers that have checksums of their own
};
/// The store's file with what was committed to its log put in place. Both are the bytes of the
/// files.
std::string image_with_log(std::string store, const std::string& wal, LogPart part);

/// The log beside a store's file.
std::filesystem::path wal_of(const std::filesystem::path& store);

/// Throws `kRun` when the store's file is missing or empty beside a log that is not: SQLite would
/// delete the log, also when it opens the store to read. Touches neither file.
void refuse_orphaned_wal(const std::filesystem::path& store);

/// What is lost of a damaged log, in one line, for a store that is only read.
std::optional<std::string> wal_damage(const std::filesystem::path& store);

/// Before SQLite opens the store to write: keeps a copy of a damaged log as "STORE-wal.damaged-N".
/// What is lost, in one line; nothing when the log is sound.
std::optional<std::string> keep_damaged_wal(const std::filesystem::path& store);

}  // namespace ridgeline
