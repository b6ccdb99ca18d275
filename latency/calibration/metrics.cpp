#include "latency/calibration/metrics.h"

#include <algorithm>
#include <cmath>

#include "core/rank_correlation.h"
#include "core/units.h"

namespace ridgeline {

Agreement agreement(const std::vector<double>& predicted, const std::vector<double>& measured) {
  Agreement result;
  for (size_t i = 0; i < predicted.size(); ++i) {
    const double error = std::abs(predicted[i] / measured[i] - 1);
    result.mape += error / static_cast<double>(predicted.size());
    result.worst = std::max(result.worst, error);
  }
  result.spearman = spearman(predicted, measured);
  result.kendall = kendall(predicted, measured);
  return result;
}

std::string to_string(const Agreement& agreement) {
  return "MAPE " + format_fixed(agreement.mape * 100, 1) + " %, worst " +
         format_fixed(agreement.worst * 100, 0) + " %, Spearman " +
         format_fixed(agreement.spearman, 3) + ", Kendall " + format_fixed(agreement.kendall, 3);
}

}  // namespace ridgeline
