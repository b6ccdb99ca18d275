#pragma once

#include <spdlog/spdlog.h>

#include <filesystem>
#include <string>

namespace ridgeline {

/// Sends log records of `level` ("debug", "info", "warn", "error") and above to stderr. Throws
/// `kUsage` for another word.
void set_up_logging(const std::string& level);

/// Additionally appends every record (debug and above) to `path`, flushed at each one.
void log_to_file(const std::filesystem::path& path);

}  // namespace ridgeline
