#pragma once

#include "latency/calibration/baselines.h"
#include "latency/calibration/fit.h"
#include "latency/calibration/metrics.h"

namespace ridgeline {

/// Predictions of every sample, ms: fitted on all of them, and with the sample's whole family left
/// out of the fit (of one family only: with a fifth of the samples left out at a time, drawn with
/// the given seed).
struct Validation {
  Fit fit;  ///< on all samples
  std::vector<double> in_sample, held_out;
  bool by_family = true;
};

Validation validate(const Hardware& hardware, const std::vector<Sample>& samples,
                    const FitOptions& options = {}, uint64_t seed = 1);

/// Fitted on `calibrate` of the samples, drawn with `seed`: how well the oracle and the baselines
/// predict the others.
struct Split {
  std::vector<Sample> seen, unseen;
  Fit fit;                                 ///< on `seen`
  std::vector<double> predicted;           ///< the oracle's of `unseen`, ms
  Agreement in_sample;                     ///< the oracle's with `seen`
  Agreement oracle, equation1, power_law;  ///< with `unseen`
};
/// Throws `kData` where fewer than two rows are left to predict.
Split validate_split(const Hardware& hardware, std::vector<Sample> samples, size_t calibrate,
                     uint64_t seed = 1);

/// The same protocol for a baseline; `in_sample` and `held_out` only.
struct BaselineValidation {
  std::vector<double> in_sample, held_out;
};
BaselineValidation validate_baseline(Baseline baseline, const std::vector<Sample>& samples,
                                     uint64_t seed = 1);

/// Agreement of predictions with the samples' latencies.
Agreement agreement(const std::vector<Sample>& samples, const std::vector<double>& predicted);

/// A row that does not fit with the others, and why.
struct FlaggedRow {
  size_t sample = 0;
  std::string why;
  double factor = 1;  ///< how far they are apart
};

/// Rows whose robust residual stands out (over 3 robust standard deviations and 15 %), and rows
/// that another one of the same family, batch, precision and session contradicts: it has more
/// FLOPs, bytes and kernels and was measured over 10 % faster (the fastest such counts). The
/// largest factor comes first.
std::vector<FlaggedRow> flag_rows(const std::vector<Sample>& samples,
                                  const std::vector<double>& in_sample);

}  // namespace ridgeline
