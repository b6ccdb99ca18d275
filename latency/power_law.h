#pragma once

#include <optional>

#include "latency/hardware.h"
#include "latency/oracle.h"

namespace ridgeline {

/// Outputs of convolutions and linear layers, per image.
int64_t activations_of(const Network& network);

/// ms = `power_law_ms` (GFLOP)^`power_law_flops` (M activations)^`power_law_activations` of the
/// batch: a fit of multiply-adds and activations, with constants that `ridgeline calibrate` wrote
/// into the hardware file. A baseline for the other oracles: it knows no operators, no precision
/// and no batch but the calibration's. E is unknown and stays 0.
class PowerLawOracle : public LatencyOracle {
 public:
  /// Throws `kConfig` where the hardware file has no such constants.
  PowerLawOracle(const Hardware& hardware, int batch,
                 std::optional<Precision> precision = std::nullopt);
  Latency estimate(const Network& network) const override;
  std::string description() const override;

 private:
  std::string device_;
  EffectiveConstants constants_;
  int batch_;
  Precision precision_;
};

/// What `constants` say of so many FLOPs and activations, ms.
double power_law_ms(const EffectiveConstants& constants, double flops, double activations);

}  // namespace ridgeline
