#pragma once

#include <string>
#include <vector>

#include "core/rank_correlation.h"

namespace ridgeline {

/// How well predictions agree with measurements.
struct Agreement {
  double mape = 0;      ///< mean |predicted / measured - 1|
  double worst = 0;     ///< the largest of them
  double spearman = 0;  ///< rank correlation; ties share their mean rank
  double kendall = 0;   ///< tau-b
};

/// REQUIRES: as many predictions as measurements, at least 2, all measurements positive.
Agreement agreement(const std::vector<double>& predicted, const std::vector<double>& measured);

/// "MAPE 5.5 %, worst 26 %, Spearman 0.997, Kendall 0.972"
std::string to_string(const Agreement& agreement);

}  // namespace ridgeline
