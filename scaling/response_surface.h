#pragma once

#include <array>
#include <string>
#include <vector>

#include "scaling/compound.h"

namespace ridgeline {

/// A trained network: how it is scaled, and its accuracy.
struct SurfacePoint {
  ScalingFactors factors;
  double accuracy = 0;  ///< fraction, below 1
};

struct ConfidenceInterval {
  double value = 0, low = 0, high = 0;  ///< 95 % confidence; infinitely wide where unknown
};

/// Accuracy over depth, width and resolution with saturating, complementary dimensions (constant
/// elasticity of substitution):
///
///   -ln(1 - accuracy) = offset + gain ln M,  M = (p_d d^-rho + p_w w^-rho + p_r r^-rho)^(-1/rho)
///
/// with shares that sum to 1 and rho > 0, so that no dimension can stand in for another without
/// end; a sum of logarithms (rho near 0) would put the optimum into a corner.
class ResponseSurface {
 public:
  static constexpr int kParameters = 5;

  /// Least squares. Throws `kInfeasible` for under `kFewestStarPoints` points, and where a
  /// dimension is never moved alone, as then its share is unknown.
  static ResponseSurface fit(const std::vector<SurfacePoint>& points);

  double accuracy(const ScalingFactors& factors) const;
  /// Of the mean accuracy there: the parameters' uncertainty, not a training's noise.
  ConfidenceInterval interval(const ScalingFactors& factors) const;
  /// offset, gain, rho, share of depth, of width, of resolution. An interval is unbounded where the
  /// points do not hold the parameter: a share of 0 or 1, or rho at the end of its range.
  std::array<ConfidenceInterval, 6> parameters() const;
  /// Standard deviation of the points' accuracies around the surface, corrected for the parameters
  /// fitted.
  double residual() const { return residual_; }

 private:
  using Vector = std::array<double, kParameters>;
  double transformed(const Vector& p, const ScalingFactors& factors) const;
  template <class F>
  ConfidenceInterval propagate(const F& f) const;
  /// Whether the fit left parameter `i` at the end of its range, where data say nothing of it.
  bool at_limit(size_t i) const;

  Vector fitted_{};
  std::array<Vector, kParameters> covariance_{};
  double quantile_ = 0;  ///< of Student's t, two-sided 95 %
  double residual_ = 0;
};

}  // namespace ridgeline
