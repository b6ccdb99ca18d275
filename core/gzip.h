#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace ridgeline {

/// Gives, of the first bytes of a file (1 MiB, or all of them), how many there may be altogether.
using Announced = std::function<uint64_t(std::string_view begin)>;

/// For a format that announces nothing: 1 GiB.
uint64_t at_most_a_gib(std::string_view begin);

/// The bytes of a file, decompressed where it is gzip (known by its content, not by its name).
/// Throws `kData` for a file that is missing, none (`other_than_file`), unreadable, a damaged or
/// truncated gzip stream, or longer than `announced`: a few bytes may decompress to any number.
std::string read_maybe_gzip(const std::filesystem::path& path,
                            const Announced& announced = at_most_a_gib);

}  // namespace ridgeline
