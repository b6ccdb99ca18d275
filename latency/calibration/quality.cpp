#include "latency/calibration/quality.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/units.h"

namespace ridgeline {
namespace {

constexpr double kTooFast = 0.2;          // of the shortest possible time
constexpr double kKernelMs = 1e-3;        // no device starts and ends a kernel sooner
constexpr double kLargestSmallBatch = 8;  // a batch at which networks wait for launches
constexpr double kUnidentified = 0.9;     // share of the prior's spread that is left

std::string at_bound(const FittedConstant& constant) {
  const Parameter& parameter = constant.parameter;
  for (const double bound : {parameter.low, parameter.high}) {
    // Where the bound means "no effect", as 1 for a factor, it is an answer like any other.
    if (bound == 1 || std::abs(std::log(constant.value / bound)) > 1e-3) continue;
    return parameter.name + " is at its bound of " + format_fixed(bound, 2) +
           ": the model does not describe these rows, or the peak rates of the hardware file are "
           "wrong";
  }
  return {};
}

std::string better_baseline(const HeldOut& held_out) {
  const bool power = held_out.power_law.mape <= held_out.equation1.mape;
  const Agreement& best = power ? held_out.power_law : held_out.equation1;
  if (best.mape >= held_out.oracle.mape) return {};
  return std::string(power ? "the power law" : "Equation 1") +
         " predicts rows outside the fit better (" + format_percent(best.mape) + " against " +
         format_percent(held_out.oracle.mape) +
         "); the written file contains it: set latency.kind to " +
         (power ? "power_law" : "whole_network");
}

std::string hidden_launches(const Fit& fit, const std::vector<Sample>& samples) {
  int smallest = samples.front().batch;
  for (const Sample& sample : samples) smallest = std::min(smallest, sample.batch);
  if (smallest <= kLargestSmallBatch) return {};
  for (const FittedConstant& constant : fit.constants) {
    if (constant.parameter.name != "launch_us" || constant.of_prior < kUnidentified) continue;
    return "no row has a batch below " + std::to_string(smallest) +
           ", so launch_us stays at its prior; measure some networks at batch 1 before using the "
           "file for small batches";
  }
  return {};
}

}  // namespace

FitVerdict judge(const Fit& fit, const std::vector<Sample>& samples, const HeldOut& held_out) {
  FitVerdict verdict;
  const Agreement& oracle = held_out.oracle;
  if (!(oracle.mape <= kMostHeldOutError)) {
    verdict.objections.push_back("the mean error outside the fit is " +
                                 format_percent(oracle.mape) + ", above " +
                                 format_percent(kMostHeldOutError));
  }
  if (!(oracle.spearman >= kLeastHeldOutSpearman)) {
    verdict.objections.push_back("the rank correlation outside the fit is " +
                                 format_fixed(oracle.spearman, 2) + ", below " +
                                 format_fixed(kLeastHeldOutSpearman, 2));
  }
  std::vector<std::string> remarks = {better_baseline(held_out), hidden_launches(fit, samples)};
  for (const FittedConstant& constant : fit.constants) remarks.push_back(at_bound(constant));
  std::erase(remarks, "");
  verdict.remarks = std::move(remarks);
  return verdict;
}

void require_plausible(const std::vector<Sample>& samples) {
  std::vector<double> ratios;
  for (const Sample& sample : samples) {
    const double shortest =
        std::max(sample.equation1_ms, kKernelMs * static_cast<double>(sample.kernels.size()));
    ratios.push_back(sample.measured_ms / shortest);
  }
  if (ratios.empty()) return;
  const auto middle = ratios.begin() + static_cast<std::ptrdiff_t>(ratios.size() / 2);
  std::nth_element(ratios.begin(), middle, ratios.end());
  if (*middle > kTooFast) return;
  throw Error(ErrorKind::kData,
              "latency_ms: half of the rows are over " + format_fixed(1 / *middle, 0) +
                  " times faster than the device can be; needed are milliseconds of one batch: are "
                  "these seconds, or of one image, or of another device?");
}

}  // namespace ridgeline
