#include "surrogate/data_distance.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace ridgeline {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double kInsideShare = 0.95;  // of the held-out rows
constexpr double kEdgeFactor = 1.5;    // times the most distant held-out row

}  // namespace

DataDistance::DataDistance(const Encoding& encoding, const MatrixXd& rows)
    : standardization_(rows, encoding) {
  const MatrixXd z = standardization_.apply_all(rows);
  MatrixXd scatter = z.transpose() * z;
  scatter.diagonal().array() += 1;
  inverse_ = MatrixXd::Identity(z.cols(), z.cols());
  Eigen::LLT<MatrixXd>(scatter).matrixL().solveInPlace(inverse_);
}

double DataDistance::leverage(const Eigen::Ref<const VectorXd>& row) const {
  const VectorXd z = standardization_.apply(row);
  VectorXd half = VectorXd::Zero(z.size());
  for (Index j = 0; j < z.size(); ++j) {
    const Index below = z.size() - j;
    half.tail(below) += z[j] * inverse_.col(j).tail(below);
  }
  return half.squaredNorm();
}

double Uncertainty::deviation(double leverage) const {
  return std::min(noise * std::sqrt(1 + growth * leverage), most);
}

Place Uncertainty::place(double leverage) const {
  return leverage <= inside ? Place::kInside : leverage <= edge ? Place::kEdge : Place::kFarOutside;
}

Uncertainty learn_uncertainty(const VectorXd& errors, const VectorXd& leverages, double most) {
  Uncertainty best;
  double least = std::numeric_limits<double>::infinity();
  for (double growth = 1; growth < 300; growth *= 2) {
    const VectorXd shape = 1 + growth * leverages.array();
    const double variance = (errors.array().square() / shape.array()).mean();
    const double misfit = std::log(std::max(variance, 1e-300)) + shape.array().log().mean();
    if (misfit >= least) continue;
    least = misfit;
    best.noise = std::sqrt(variance);
    best.growth = growth;
  }
  best.most = std::max(most, best.noise);
  std::vector<double> sorted(leverages.begin(), leverages.end());
  std::sort(sorted.begin(), sorted.end());
  const auto at = static_cast<size_t>(kInsideShare * static_cast<double>(sorted.size() - 1));
  best.inside = sorted[at];
  best.edge = kEdgeFactor * sorted.back();
  return best;
}

}  // namespace ridgeline
