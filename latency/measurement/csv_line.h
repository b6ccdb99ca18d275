#pragma once

#include <string>
#include <vector>

namespace ridgeline {

/// The fields of a line of a file whose fields went through `plain_field`.
std::vector<std::string> split_fields(const std::string& line);

/// Without what would need quotes in CSV: commas, quotes and line ends become semicolons.
std::string plain_field(std::string text);

}  // namespace ridgeline
