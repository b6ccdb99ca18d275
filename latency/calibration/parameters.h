#pragma once

#include <string>
#include <vector>

#include "latency/calibration/samples.h"

namespace ridgeline {

/// One constant that a calibration fits in log space, under a log-normal prior.
struct Parameter {
  /// A constant that this parameter sets, as a multiple of its value.
  struct Target {
    double EffectiveConstants::*constant;
    double factor;
  };
  std::string name;          ///< as in the hardware file
  double centre = 1;         ///< the prior's median
  double spread = 1;         ///< the prior's standard deviation of the natural logarithm
  double low = 0, high = 0;  ///< what is physical
  std::vector<Target> targets;
  std::string why;  ///< where the prior comes from
  /// Another value to begin at, or 0: effects that hide behind others have no slope at the centre.
  double other_start = 0;
  /// Not empty: no constant, but the supply of images in this session, as a multiple of `input_us`.
  std::string session = {};

  void set(double value, EffectiveConstants& constants) const;
  double get(const EffectiveConstants& constants) const;
};

/// The constants that the software policy of `hardware` leaves open.
std::vector<Parameter> open_parameters(const Hardware& hardware);

/// Those of them that some kernel of `samples` depends on.
std::vector<Parameter> free_parameters(const Hardware& hardware,
                                       const std::vector<Sample>& samples);

}  // namespace ridgeline
