#pragma once

#include <string>
#include <vector>

#include "scaling/compound.h"

namespace ridgeline::paper {

/// A published training of EfficientNet-B0 or a scaled version of it.
struct ScalingPoint {
  std::string name;
  ScalingFactors factors;
  double top1_percent = 0;
};
/// EfficientNet-B0 to B7 (accuracies as in Table 3 of the EfficientNet-X paper), and the four
/// networks of Table 7 of Tan & Le 2019: d = 4, w = 2, r = 2 alone, and (1.4, 1.2, 1.3). Factors
/// are the published ones, which the networks round.
const std::vector<ScalingPoint>& published_scaling();
/// How accuracy grows with depth, width and resolution as built: complementary dimensions (CES)
/// that saturate,
///
///   -ln(error) = -ln(base error) + b (1 - CES^-k)
///   CES = (sd d^-p + sw w^-p + sr r^-p)^(-1/p),   sd + sw + sr = 1
///
/// through EfficientNet-B0, fitted to -ln(error) of the others by least squares.
class ScalingAccuracy {
 public:
  /// Throws `kInternal` for fewer points than the five constants, or no first one of
  /// factors 1.
  explicit ScalingAccuracy(const std::vector<ScalingPoint>& points = published_scaling());

  /// Accuracy of a network of `base` accuracy (fractions) after scaling.
  double scaled(double base, const ScalingFactors& factors) const;
  double predicted_percent(const ScalingFactors& factors) const;
  /// "shares of depth, width, resolution 0.30, 0.30, 0.40; ..."
  std::string description() const;

  struct Constants {
    double depth = 0, width = 0, resolution = 0;  ///< shares
    double substitution = 0;                      ///< p
    double saturation = 0;                        ///< k
    double gain = 0;                              ///< b
    double base = 0;                              ///< -ln(error) of the unscaled network
  };
  const Constants& constants() const { return constants_; }

 private:
  Constants constants_;
};

/// Mean absolute error, in points, of each scaled point by a fit to all others.
double held_out_scaling_error(const std::vector<ScalingPoint>& points = published_scaling());

}  // namespace ridgeline::paper
