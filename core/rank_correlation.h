#pragma once

#include <vector>

namespace ridgeline {

/// How well two lists of equal length, at least 2, agree in order: 1 the same, -1 the reverse, 0
/// also where one of them does not vary. Spearman: ties share their mean rank. Kendall: tau-b.
double spearman(const std::vector<double>& a, const std::vector<double>& b);
double kendall(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace ridgeline
