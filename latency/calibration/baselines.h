#pragma once

#include "latency/calibration/samples.h"

namespace ridgeline {

/// Simple models of latency, fitted by the same protocol beside the oracle.
enum class Baseline {
  kEquation1,  ///< the paper's Equation 1 on the whole network, one fitted E
  kPowerLaw    ///< ms = a (multiply-adds)^b (activations)^c
};
const char* to_string(Baseline baseline);

/// Predictions for `unseen`, ms, from a least-squares fit of the log latencies of `seen`. REQUIRES:
/// `seen` is not empty.
std::vector<double> predict_baseline(Baseline baseline, const std::vector<Sample>& seen,
                                     const std::vector<Sample>& unseen);

/// Sets the power law that fits `samples` best, under a weak prior of the exponents.
void set_power_law(const std::vector<Sample>& samples, EffectiveConstants& constants);

/// E of Equation 1 that fits `samples` best.
double fitted_efficiency(const std::vector<Sample>& samples);

}  // namespace ridgeline
