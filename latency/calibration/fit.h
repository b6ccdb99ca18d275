#pragma once

#include <map>

#include "latency/calibration/parameters.h"

namespace ridgeline {

/// A fitted constant.
struct FittedConstant {
  Parameter parameter;
  double before = 0;  ///< what the hardware file said
  double value = 0;
  /// Standard deviation of its logarithm, and the share of the prior's that is left: near 1, the
  /// data say nothing about it.
  double spread = 0;
  double of_prior = 1;
};

struct Fit {
  Hardware hardware;  ///< with the fitted constants; `input_us` of the session of most samples
  std::vector<FittedConstant> constants;
  int iterations = 0;
  /// `input_us` of the other sessions, in multiples of that one's: where images are supplied as
  /// part of the latency, hosts differ from session to session, and devices do not.
  std::map<std::string, double> supplies = {};

  /// What the fit says of a sample, whatever its session; of an unknown one as of the first, ms.
  double predicted_ms(const Sample& sample) const;
};

struct FitOptions {
  double noise = 0.08;        ///< expected model error, natural logarithm
  double robustness = 2.0;    ///< residuals beyond so many `noise` count linearly
  double prior_weight = 1.0;  ///< 0: no priors
  int max_iterations = 60;
  bool require_rows = true;  ///< refuse fewer samples than `least_rows`
};

/// Levenberg-Marquardt over the logarithms of the free constants: minimises the pseudo-Huber loss
/// of the log latencies' residuals, each in units of the expected error and its row's spread,
/// plus the priors. Constants that the policy leaves open and no
/// sample depends on get their priors' centres. Deterministic, whatever the number of threads
/// (`parallel_for`). Throws `kData` when there are
/// fewer samples than `least_rows(free constants)`, if required.
Fit fit_constants(const Hardware& hardware, const std::vector<Sample>& samples,
                  const FitOptions& options = {});

/// Priors carry the constants that few rows cannot: a third as many rows as constants, and two.
int least_rows(size_t constants);

}  // namespace ridgeline
