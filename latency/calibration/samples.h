#pragma once

#include "latency/calibration/measurements.h"
#include "latency/kernel_cost.h"

namespace ridgeline {

/// A measurement with all that a model of latency needs of its network: priced thousands of times
/// during a fit, built once.
struct Sample {
  std::string network, family;
  Precision precision = Precision::kFp32;
  int batch = 1;
  double measured_ms = 0;
  std::vector<KernelWork> kernels;
  double flops = 0;          ///< W of the batch
  double activations = 0;    ///< outputs of convolutions and linear layers, of the batch
  double equation1_ms = 0;   ///< of the paper's Equation 1 at E = 1
  std::string session = {};  ///< of its measurement
  double spread = 0;         ///< relative standard deviation of `measured_ms`, where known
  int resolution = 0;        ///< height of the input
};

/// The samples of `rows` on the software stack of `hardware`. Throws `kConfig` where the hardware
/// has no rate for a row's precision.
std::vector<Sample> make_samples(const std::vector<Measurement>& rows, const Hardware& hardware);

/// The same of a table: rows of networks that cannot be built at their resolution become `unknown`.
/// Throws `kData` where none is left.
std::vector<Sample> make_samples(Measurements& measurements, const Hardware& hardware);

/// What the roofline oracle says with the constants of `hardware`, ms, and with the supply of an
/// image taking `supply` times its `input_us`.
double predicted_ms(const Sample& sample, const Hardware& hardware, double supply = 1);

}  // namespace ridgeline
