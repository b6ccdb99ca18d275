#include "surrogate/quadratic.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <cmath>
#include <limits>

namespace ridgeline {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kLeastDeviation = 1e-9;
constexpr Index kMostRows = 5000;   // of a Gaussian process: a covariance of 200 MB
constexpr Index kJudgedRows = 400;  // choose its parameters

/// At most `most` rows at equal distances.
std::vector<Index> spread_rows(Index rows, Index most) {
  std::vector<Index> chosen;
  const Index count = std::min(rows, most);
  for (Index i = 0; i < count; ++i) chosen.push_back(i * rows / count);
  return chosen;
}

/// What the likelihood is a function of, as logarithms: a weight per kind of feature, h, noise.
using Parameters = std::array<double, 5>;
constexpr Parameters kStart = {0, -0.7, -1.4, -2.3, -3};
constexpr double kLeastNoise = 1e-6;

class Covariance {
 public:
  Covariance(const Encoding& encoding, const MatrixXd& z) : z_(z) {
    std::array<double, 3> counts = {static_cast<double>(encoding.decisions()), 0, 0};
    for (const auto& feature : encoding.features()) {
      kinds_.push_back(static_cast<size_t>(feature.kind));
      if (kinds_.back() > 0) ++counts[kinds_.back()];
    }
    for (const size_t kind : kinds_) shares_.push_back(1 / std::max(counts[kind], 1.0));
  }

  /// Per feature, the root of its weight in q.
  VectorXd roots(const Parameters& parameters) const {
    VectorXd roots(z_.cols());
    for (Index f = 0; f < roots.size(); ++f) {
      const auto at = static_cast<size_t>(f);
      roots[f] = std::sqrt(std::exp(parameters[kinds_[at]]) * shares_[at]);
    }
    return roots;
  }

  MatrixXd matrix(const Parameters& parameters) const {
    const MatrixXd scaled = z_ * roots(parameters).asDiagonal();
    MatrixXd q = MatrixXd::Zero(z_.rows(), z_.rows());
    q.selfadjointView<Eigen::Lower>().rankUpdate(scaled);
    const double h = std::exp(parameters[3]);
    q.triangularView<Eigen::Lower>() = (1 + q.array() + h * q.array().square()).matrix();
    q.diagonal().array() += kLeastNoise + std::exp(parameters[4]);
    return q;
  }

 private:
  const MatrixXd& z_;
  std::vector<size_t> kinds_;
  std::vector<double> shares_;
};

/// log of the marginal likelihood with the process's variance at its likeliest value, up to a
/// constant, and a wide prior that keeps parameters that the rows do not tell near their start.
double log_likelihood(const Covariance& covariance, const VectorXd& residuals,
                      const Parameters& parameters) {
  const Eigen::LLT<MatrixXd> llt(covariance.matrix(parameters));
  if (llt.info() != Eigen::Success) return -std::numeric_limits<double>::infinity();
  const double n = static_cast<double>(residuals.size());
  const double variance = std::max(residuals.dot(llt.solve(residuals)) / n, 1e-300);
  double off = 0;
  for (size_t i = 0; i < parameters.size(); ++i)
    off += std::pow((parameters[i] - kStart[i]) / 3, 2) / 2;
  return -0.5 * n * std::log(variance) - llt.matrixLLT().diagonal().array().log().sum() - off;
}

/// Steps along one parameter at a time, in halving widths: few parameters, and no slopes needed.
Parameters likeliest(const Encoding& encoding, const MatrixXd& z, const VectorXd& residuals) {
  const Covariance covariance(encoding, z);
  Parameters best = kStart;
  double most = log_likelihood(covariance, residuals, best);
  for (double step = 2; step > 0.4; step /= 2) {
    for (size_t i = 0; i < best.size(); ++i) {
      for (const double direction : {step, -step}) {
        Parameters next = best;
        next[i] += direction;
        const double value = log_likelihood(covariance, residuals, next);
        if (value <= most) continue;
        most = value;
        best = next;
        break;
      }
    }
  }
  return best;
}

}  // namespace

Standardization::Standardization(const MatrixXd& rows, const Encoding& encoding)
    : mean(rows.colwise().mean()), factor(VectorXd::Ones(rows.cols())) {
  for (Index f = 0; f < rows.cols(); ++f) {
    if (encoding.features()[static_cast<size_t>(f)].kind == FeatureKind::kChoice) continue;
    const double deviation = std::sqrt((rows.col(f).array() - mean[f]).square().mean());
    factor[f] = deviation > kLeastDeviation ? 1 / deviation : 0;
  }
}

MatrixXd Standardization::apply_all(const MatrixXd& rows) const {
  return (rows.rowwise() - mean.transpose()) * factor.asDiagonal();
}

double Quadratic::predict(const Eigen::Ref<const VectorXd>& row) const {
  const VectorXd z = standardization.apply(row);
  double sum = constant + linear.dot(z);
  for (Index j = 0; j < square.cols(); ++j)
    sum += z[j] * square.col(j).head(j + 1).dot(z.head(j + 1));
  return sum;
}

// With Z = U S V', the leave-one-out residual of row i is r_i / (1 - 1/n - sum_k u_ik^2 s_k^2 /
// (s_k^2 + penalty)): every penalty from one decomposition.
Quadratic fit_ridge(const Encoding& encoding, const MatrixXd& rows, const VectorXd& targets) {
  Quadratic fit;
  fit.standardization = Standardization(rows, encoding);
  const MatrixXd z = fit.standardization.apply_all(rows);
  const double n = static_cast<double>(rows.rows());
  fit.constant = targets.mean();
  const VectorXd y = targets.array() - fit.constant;
  const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(z.transpose() * z);
  const VectorXd spectrum = eigen.eigenvalues().cwiseMax(0);
  const MatrixXd projected = z * eigen.eigenvectors();
  const VectorXd product = projected.transpose() * y;
  double least = std::numeric_limits<double>::infinity();
  for (double penalty = 0.01; penalty < 2e3; penalty *= std::sqrt(10.0)) {
    const VectorXd shrunk = (spectrum.array() + penalty).inverse();
    const VectorXd weights = shrunk.cwiseProduct(product);
    const VectorXd residual = y - projected * weights;
    const VectorXd leverage = (projected.array().square().matrix() * shrunk).array() + 1 / n;
    const double error = (residual.array() / (1 - leverage.array()).max(1e-6)).square().mean();
    if (error >= least) continue;
    least = error;
    fit.linear = eigen.eigenvectors() * weights;
  }
  return fit;
}

Quadratic fit_gaussian_process(const Encoding& encoding, const MatrixXd& rows,
                               const VectorXd& targets) {
  Quadratic fit;
  const auto used = spread_rows(rows.rows(), kMostRows);
  const MatrixXd x = rows(used, Eigen::all);
  const VectorXd y = targets(used);
  fit.standardization = Standardization(x, encoding);
  fit.constant = y.mean();
  const VectorXd residuals = y.array() - fit.constant;
  const MatrixXd z = fit.standardization.apply_all(x);
  const auto judged = spread_rows(z.rows(), kJudgedRows);
  const Parameters parameters =
      likeliest(encoding, MatrixXd(z(judged, Eigen::all)), VectorXd(residuals(judged)));
  const Covariance covariance(encoding, z);
  MatrixXd matrix = covariance.matrix(parameters);
  const Eigen::LLT<Eigen::Ref<MatrixXd>> llt(matrix);
  const VectorXd weights = llt.solve(residuals);  // of the rows
  const VectorXd roots = covariance.roots(parameters);
  const MatrixXd scaled = z * roots.asDiagonal();
  fit.constant += weights.sum();
  fit.linear = roots.cwiseProduct(scaled.transpose() * weights);
  const MatrixXd full = std::exp(parameters[3]) *
                        (roots.asDiagonal() * (scaled.transpose() * weights.asDiagonal() * scaled) *
                         roots.asDiagonal());
  fit.square = MatrixXd(full.triangularView<Eigen::StrictlyUpper>()) * 2;
  fit.square.diagonal() = full.diagonal();
  return fit;
}

}  // namespace ridgeline
