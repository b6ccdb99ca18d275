#include "latency/calibration/baselines.h"

#include <Eigen/Dense>
#include <cmath>

#include "latency/power_law.h"

namespace ridgeline {
namespace {

// A prior of the exponents. Where few networks are measured at several batch sizes, FLOPs and
// activations grow together, and rows alone give exponents of some hundred. The weight is an error
// of 20 % over a spread of 1.
constexpr double kExponent = 0.5, kExponentWeight = 0.2;

Eigen::RowVector3d features(const Sample& sample) {
  return {1, std::log(std::max(sample.flops, 1.0) / 1e9),
          std::log(std::max(sample.activations, 1.0) / 1e6)};
}

std::vector<double> power_law(const std::vector<Sample>& seen, const std::vector<Sample>& unseen) {
  EffectiveConstants law;
  set_power_law(seen, law);
  std::vector<double> predicted;
  for (const Sample& sample : unseen) {
    predicted.push_back(power_law_ms(law, sample.flops, sample.activations));
  }
  return predicted;
}

}  // namespace

const char* to_string(Baseline baseline) {
  return baseline == Baseline::kEquation1 ? "Equation 1, one E" : "MAdds + activations";
}

void set_power_law(const std::vector<Sample>& samples, EffectiveConstants& constants) {
  const auto rows = static_cast<Eigen::Index>(samples.size());
  Eigen::MatrixXd design = Eigen::MatrixXd::Zero(rows + 2, 3);
  Eigen::VectorXd target(design.rows());
  for (size_t i = 0; i < samples.size(); ++i) {
    design.row(static_cast<Eigen::Index>(i)) = features(samples[i]);
    target[static_cast<Eigen::Index>(i)] = std::log(samples[i].measured_ms);
  }
  for (const Eigen::Index exponent : {1, 2}) {
    design(rows + exponent - 1, exponent) = kExponentWeight;
    target[rows + exponent - 1] = kExponentWeight * kExponent;
  }
  const Eigen::Vector3d law = design.completeOrthogonalDecomposition().solve(target);
  constants.power_law_ms = std::exp(law[0]);
  constants.power_law_flops = law[1];
  constants.power_law_activations = law[2];
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
