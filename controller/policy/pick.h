#pragma once

#include <cmath>
#include <cstddef>
#include <span>

namespace ridgeline {

/// The first choice whose cumulated probability exceeds `uniform`. Rounding can leave the sum a
/// little below 1; what lies above it belongs to the last choice.
inline int pick(std::span<const float> log_p, double uniform) {
  double cumulated = 0;
  for (size_t k = 0; k + 1 < log_p.size(); ++k) {
    cumulated += std::exp(static_cast<double>(log_p[k]));
    if (uniform < cumulated) return static_cast<int>(k);
  }
  return static_cast<int>(log_p.size()) - 1;
}

}  // namespace ridgeline
