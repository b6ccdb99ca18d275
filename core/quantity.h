#pragma once

#include <optional>
#include <string_view>

namespace ridgeline {

/// A number with its unit, converted to `unit`: ("1.5 s", "ms") is 1500. A number alone is in
/// `unit`. Nothing for a text that is no finite number or whose unit measures something else.
/// Known units: ps ns us ms s m min h d; B KB MB GB TB KiB MiB GiB TiB, and these per second;
/// GFLOP/s TFLOP/s; any other word stands for itself only.
std::optional<double> quantity_from_text(std::string_view text, std::string_view unit);

}  // namespace ridgeline
