#include "calibration/baselines.h"

#include <Eigen/Dense>
#include <cmath>

namespace ridgeline {
namespace {

Eigen::RowVector3d features(const Sample& sample) {
  return {1, std::log(std::max(sample.flops, 1.0)), std::log(std::max(sample.activations, 1.0))};
}

std::vector<double> power_law(const std::vector<Sample>& seen, const std::vector<Sample>& unseen) {
  Eigen::MatrixXd design(static_cast<Eigen::Index>(seen.size()), 3);
  Eigen::VectorXd target(design.rows());
  for (size_t i = 0; i < seen.size(); ++i) {
    design.row(static_cast<Eigen::Index>(i)) = features(seen[i]);
    target[static_cast<Eigen::Index>(i)] = std::log(seen[i].measured_ms);
  }
  const Eigen::Vector3d law = design.completeOrthogonalDecomposition().solve(target);
  std::vector<double> predicted;
  for (const Sample& sample : unseen) predicted.push_back(std::exp(features(sample).dot(law)));
  return predicted;
}

}  // namespace

const char* to_string(Baseline baseline) {
  return baseline == Baseline::kEquation1 ? "Equation 1, one E" : "MAdds + activations";
}

double fitted_efficiency(const std::vector<Sample>& samples) {
  double sum = 0;
  for (const Sample& sample : samples) sum += std::log(sample.equation1_ms / sample.measured_ms);
  return std::exp(sum / static_cast<double>(samples.size()));
}

std::vector<double> predict_baseline(Baseline baseline, const std::vector<Sample>& seen,
                                     const std::vector<Sample>& unseen) {
  if (baseline == Baseline::kPowerLaw) return power_law(seen, unseen);
  const double efficiency = fitted_efficiency(seen);
  std::vector<double> predicted;
  for (const Sample& sample : unseen) predicted.push_back(sample.equation1_ms / efficiency);
  return predicted;
}

}  // namespace ridgeline
