#pragma once

#include <filesystem>
#include <string>

namespace ridgeline {

/// The bytes of a file, decompressed where it is gzip (known by its content, not by its name).
/// Throws `kData` for a file that is missing, unreadable or a damaged or truncated gzip stream.
std::string read_maybe_gzip(const std::filesystem::path& path);

}  // namespace ridgeline
