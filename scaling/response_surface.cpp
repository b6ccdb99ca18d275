#include "scaling/response_surface.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <unsupported/Eigen/NonLinearOptimization>

#include "core/error.h"
#include "scaling/lacs_config.h"

namespace ridgeline {
namespace {

using Parameters = std::array<double, ResponseSurface::kParameters>;

constexpr double kMostLogRho = 5, kMostLogit = 20;

/// offset, ln gain, ln rho, and two logits of the shares relative to the resolution's.
struct Natural {
  double offset, gain, rho;
  std::array<double, 3> shares;
};

Natural natural(const Parameters& p) {
  // Limits that no data cross keep a step of the fit from overflowing.
  const auto bounded = [](double x, double most) { return std::clamp(x, -most, most); };
  const double depth = std::exp(bounded(p[3], kMostLogit)),
               width = std::exp(bounded(p[4], kMostLogit));
  const double sum = depth + width + 1;
  return {p[0],
          std::exp(bounded(p[1], 20)),
          std::exp(bounded(p[2], kMostLogRho)),
          {depth / sum, width / sum, 1 / sum}};
}

double surface_value(const Parameters& p, const ScalingFactors& f) {
  const Natural n = natural(p);
  const double mix = n.shares[0] * std::pow(f.depth, -n.rho) +
                     n.shares[1] * std::pow(f.width, -n.rho) +
                     n.shares[2] * std::pow(f.resolution, -n.rho);
  return n.offset - n.gain / n.rho * std::log(mix);
}

double transform(double accuracy) { return -std::log1p(-std::min(accuracy, 1 - 1e-9)); }
double accuracy_of(double transformed) { return -std::expm1(-transformed); }

/// Central differences.
template <class F>
Parameters gradient(const Parameters& at, const F& f) {
  Parameters result{};
  for (size_t i = 0; i < at.size(); ++i) {
    const double step = 1e-5 * std::max(1.0, std::abs(at[i]));
    Parameters up = at, down = at;
    up[i] += step;
    down[i] -= step;
    result[i] = (f(up) - f(down)) / (2 * step);
  }
  return result;
}

/// What Eigen's Levenberg-Marquardt asks of a problem.
struct SurfaceResiduals {
  using Scalar = double;
  using InputType = Eigen::VectorXd;
  using ValueType = Eigen::VectorXd;
  using JacobianType = Eigen::MatrixXd;
  // NOLINTNEXTLINE(readability-identifier-naming): the names that Eigen asks for
  enum { InputsAtCompileTime = Eigen::Dynamic, ValuesAtCompileTime = Eigen::Dynamic };

  const std::vector<SurfacePoint>& points;

  static Parameters parameters(const Eigen::VectorXd& x) {
    Parameters p{};
    std::copy(x.begin(), x.end(), p.begin());
    return p;
  }
  int inputs() const { return ResponseSurface::kParameters; }
  int values() const { return static_cast<int>(points.size()); }
  int operator()(const Eigen::VectorXd& x, Eigen::VectorXd& residuals) const {
    for (int i = 0; i < values(); ++i) {
      residuals[i] =
          surface_value(parameters(x), points[i].factors) - transform(points[i].accuracy);
    }
    return 0;
  }
  int df(const Eigen::VectorXd& x, Eigen::MatrixXd& jacobian) const {
    for (int i = 0; i < values(); ++i) {
      const Parameters row = gradient(
          parameters(x), [&](const Parameters& p) { return surface_value(p, points[i].factors); });
      for (int j = 0; j < inputs(); ++j) jacobian(i, j) = row[j];
    }
    return 0;
  }
};

/// The best of fits from several starts: the sum of squares has more than one minimum.
Eigen::VectorXd best_fit(const SurfaceResiduals& problem) {
  double base = std::numeric_limits<double>::infinity();
  for (const auto& point : problem.points) base = std::min(base, transform(point.accuracy));
  Eigen::VectorXd best;
  double least = std::numeric_limits<double>::infinity();
  for (const double rho : {0.5, 2.0, 6.0}) {
    for (const double gain : {0.1, 0.6}) {
      Eigen::VectorXd x(ResponseSurface::kParameters);
      x << base, std::log(gain), std::log(rho), 0, 0;
      SurfaceResiduals functor = problem;
      Eigen::LevenbergMarquardt<SurfaceResiduals> solver(functor);
      solver.parameters.maxfev = 2000;
      solver.parameters.xtol = solver.parameters.ftol = 1e-14;
      solver.minimize(x);
      Eigen::VectorXd residuals(problem.values());
      functor(x, residuals);
      const double squares = residuals.squaredNorm();
      if (std::isfinite(squares) && squares < least * (1 - 1e-9)) least = squares, best = x;
    }
  }
  if (best.size() == 0)
    throw Error(ErrorKind::kInfeasible,
                "scaling: the response surface fits no parameters to the "
                "trained points; take score: training");
  return best;
}

/// Student's t, two-sided 95 %.
double student(int degrees) {
  constexpr std::array<double, 10> table = {12.706, 4.303, 3.182, 2.776, 2.571,
                                            2.447,  2.365, 2.306, 2.262, 2.228};
  return degrees < 1     ? std::numeric_limits<double>::infinity()
         : degrees <= 10 ? table[degrees - 1]
                         : 1.96 + 2.6 / degrees;
}

void require_identifiable(const std::vector<SurfacePoint>& points) {
  if (points.size() < kFewestStarPoints) {
    throw Error(ErrorKind::kInfeasible, "scaling: the response surface needs at least " +
                                            std::to_string(kFewestStarPoints) +
                                            " trained points, and has " +
                                            std::to_string(points.size()) +
                                            "; raise scaling.star_points, or take score: training");
  }
  const auto alone = [&](double ScalingFactors::*moved) {
    return std::count_if(points.begin(), points.end(), [&](const SurfacePoint& point) {
      ScalingFactors others = point.factors;
      others.*moved = 1;
      return point.factors.*moved > 1 && others.depth == 1 && others.width == 1 &&
             others.resolution == 1;
    });
  };
  for (const auto& [name, member] :
       {std::pair("depth", &ScalingFactors::depth), std::pair("width", &ScalingFactors::width),
        std::pair("resolution", &ScalingFactors::resolution)}) {
    if (alone(member) > 0) continue;
    throw Error(ErrorKind::kInfeasible,
                std::string("scaling: no trained point moves the ") + name +
                    " alone, so that its share of the response surface is unknown; raise "
                    "scaling.star_points, or take score: training");
  }
}

}  // namespace

double ResponseSurface::transformed(const Vector& p, const ScalingFactors& factors) const {
  return surface_value(p, factors);
}

ResponseSurface ResponseSurface::fit(const std::vector<SurfacePoint>& points) {
  require_identifiable(points);
  const SurfaceResiduals problem{points};
  const Eigen::VectorXd x = best_fit(problem);
  ResponseSurface surface;
  surface.fitted_ = SurfaceResiduals::parameters(x);

  const int degrees = problem.values() - kParameters;
  Eigen::VectorXd residuals(problem.values());
  problem(x, residuals);
  Eigen::MatrixXd jacobian(problem.values(), kParameters);
  problem.df(x, jacobian);
  const double variance = residuals.squaredNorm() / degrees;
  // A parameter that the data do not hold (rho of a flat surface) must not make the others unknown.
  const Eigen::MatrixXd covariance =
      variance *
      (jacobian.transpose() * jacobian).completeOrthogonalDecomposition().pseudoInverse();
  for (int i = 0; i < kParameters; ++i) {
    for (int j = 0; j < kParameters; ++j) surface.covariance_[i][j] = covariance(i, j);
  }
  surface.quantile_ = student(degrees);
  double squares = 0;
  for (const auto& point : points) {
    const double off = surface.accuracy(point.factors) - point.accuracy;
    squares += off * off;
  }
  surface.residual_ = std::sqrt(squares / degrees);
  return surface;
}

template <class F>
ConfidenceInterval ResponseSurface::propagate(const F& f) const {
  const Vector slope = gradient(fitted_, f);
  double variance = 0;
  for (int i = 0; i < kParameters; ++i) {
    for (int j = 0; j < kParameters; ++j) variance += slope[i] * covariance_[i][j] * slope[j];
  }
  const double value = f(fitted_), reach = quantile_ * std::sqrt(std::max(0.0, variance));
  return {value, value - reach, value + reach};
}

double ResponseSurface::accuracy(const ScalingFactors& factors) const {
  return accuracy_of(transformed(fitted_, factors));
}

ConfidenceInterval ResponseSurface::interval(const ScalingFactors& factors) const {
  return propagate([&](const Vector& p) { return accuracy_of(transformed(p, factors)); });
}

bool ResponseSurface::at_limit(size_t i) const {
  if (i == 2) return std::abs(fitted_[2]) > kMostLogRho - 0.1;
  constexpr double kNone = 1e-6;
  const double share = i < 3 ? 0.5 : natural(fitted_).shares[i - 3];
  return share < kNone || share > 1 - kNone;
}

std::array<ConfidenceInterval, 6> ResponseSurface::parameters() const {
  std::array<ConfidenceInterval, 6> result = {
      propagate([](const Vector& p) { return natural(p).offset; }),
      propagate([](const Vector& p) { return natural(p).gain; }),
      propagate([](const Vector& p) { return natural(p).rho; }),
      propagate([](const Vector& p) { return natural(p).shares[0]; }),
      propagate([](const Vector& p) { return natural(p).shares[1]; }),
      propagate([](const Vector& p) { return natural(p).shares[2]; })};
  constexpr double kUnbounded = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < result.size(); ++i) {
    if (at_limit(i)) result[i] = {result[i].value, -kUnbounded, kUnbounded};
  }
  return result;
}

}  // namespace ridgeline
