#include "latency/calibration/fit.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <map>

#include "core/parallel.h"

namespace ridgeline {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// The different kernels of all samples: networks repeat theirs, and share them with others.
class SharedKernels {
 public:
  explicit SharedKernels(const std::vector<Sample>& samples) {
    std::map<std::pair<Precision, KernelWork>, size_t> known;
    for (const Sample& sample : samples) {
      std::vector<size_t>& places = places_.emplace_back();
      for (KernelWork work : sample.kernels) {
        work.node = 0;
        const auto [entry, is_new] = known.try_emplace({sample.precision, work}, kernels_.size());
        if (is_new) kernels_.push_back(entry->first);
        places.push_back(entry->second);
      }
    }
  }

  /// `predicted_ms` of every sample, the supply of an image to sample i taking `supply[i]` times
  /// its `input_us`.
  std::vector<double> predicted_ms(const Hardware& hardware, const std::vector<Sample>& samples,
                                   const std::vector<double>& supply) const {
    std::map<Precision, KernelPricer> pricers;
    const auto pricer = [&](Precision precision) -> const KernelPricer& {
      return pricers.try_emplace(precision, hardware, precision).first->second;
    };
    std::vector<double> seconds, of_sample, result;
    for (const auto& [precision, work] : kernels_)
      seconds.push_back(pricer(precision).price(work).seconds);
    for (size_t i = 0; i < samples.size(); ++i) {
      of_sample.clear();
      for (const size_t place : places_[i]) of_sample.push_back(seconds[place]);
      const KernelPricer& whole = pricer(samples[i].precision);
      result.push_back(whole.total_seconds(of_sample, supply[i] * samples[i].batch) * 1e3);
    }
    return result;
  }

 private:
  std::vector<std::pair<Precision, KernelWork>> kernels_;
  std::vector<std::vector<size_t>> places_;  // of each sample's kernels
};

class Problem {
 public:
  Problem(const Hardware& hardware, const std::vector<Sample>& samples,
          const std::vector<Parameter>& parameters, const FitOptions& options)
      : hardware_(hardware),
        samples_(samples),
        parameters_(parameters),
        options_(options),
        kernels_(samples) {
    std::map<std::string, Eigen::Index> at;
    for (Eigen::Index i = 0; i < size(); ++i) {
      if (!parameter(i).session.empty()) at[parameter(i).session] = i;
    }
    for (const Sample& sample : samples) {
      const auto found = at.find(sample.session);
      supply_.push_back(found == at.end() ? -1 : found->second);
    }
  }

  Eigen::Index size() const { return static_cast<Eigen::Index>(parameters_.size()); }
  const Parameter& parameter(Eigen::Index i) const { return parameters_[static_cast<size_t>(i)]; }

  VectorXd centre() const {
    VectorXd theta(size());
    for (Eigen::Index i = 0; i < size(); ++i) theta[i] = std::log(parameter(i).centre);
    return theta;
  }
  /// Small batches may be bound by launches on the host or by overhead on the device, and between
  /// two such explanations lies a ridge that descent does not cross.
  std::vector<VectorXd> starts() const {
    std::vector<VectorXd> result = {centre()};
    for (Eigen::Index i = 0; i < size(); ++i) {
      if (parameter(i).other_start <= 0) continue;
      for (size_t j = 0, known = result.size(); j < known; ++j) {
        result.push_back(result[j]);
        result.back()[i] = std::log(parameter(i).other_start);
      }
    }
    return result;
  }
  VectorXd bounded(VectorXd theta) const {
    for (Eigen::Index i = 0; i < size(); ++i) {
      theta[i] = std::clamp(theta[i], std::log(parameter(i).low), std::log(parameter(i).high));
    }
    return theta;
  }
  Hardware with(const VectorXd& theta) const {
    Hardware hardware = hardware_;
    for (Eigen::Index i = 0; i < size(); ++i) {
      parameter(i).set(std::exp(theta[i]), hardware.constants);
    }
    return hardware;
  }
  /// Of the log latencies, in units of the expected error.
  VectorXd residuals(const VectorXd& theta) const {
    std::vector<double> supply;
    for (const Eigen::Index at : supply_) supply.push_back(at < 0 ? 1 : std::exp(theta[at]));
    const std::vector<double> ms = kernels_.predicted_ms(with(theta), samples_, supply);
    VectorXd result(static_cast<Eigen::Index>(samples_.size()));
    for (size_t i = 0; i < samples_.size(); ++i) {
      result[static_cast<Eigen::Index>(i)] = std::log(ms[i] / samples_[i].measured_ms) /
                                             std::hypot(options_.noise, samples_[i].spread);
    }
    return result;
  }
  MatrixXd jacobian(const VectorXd& theta, const VectorXd& at) const {
    constexpr double kStep = 1e-4;
    MatrixXd result(at.size(), size());
    for (Eigen::Index i = 0; i < size(); ++i) {
      VectorXd moved = theta;
      moved[i] += kStep;
      result.col(i) = (residuals(moved) - at) / kStep;
    }
    return result;
  }
  /// In units of the prior's spread.
  VectorXd prior_residuals(const VectorXd& theta) const {
    return (theta - centre()).cwiseProduct(prior_scale());
  }
  VectorXd prior_scale() const {
    VectorXd scale(size());
    for (Eigen::Index i = 0; i < size(); ++i) {
      scale[i] = options_.prior_weight / parameter(i).spread;
    }
    return scale;
  }
  /// Pseudo-Huber: quadratic for small residuals, linear beyond `robustness`.
  double loss(const VectorXd& residuals, const VectorXd& theta) const {
    const double d = options_.robustness;
    double sum = prior_residuals(theta).squaredNorm();
    for (const double r : residuals) sum += 2 * d * d * (std::sqrt(1 + r * r / (d * d)) - 1);
    return sum;
  }
  VectorXd weights(const VectorXd& residuals) const {
    return (1 + (residuals / options_.robustness).array().square()).rsqrt();
  }
  /// The Gauss-Newton matrix: weighted J'J plus the priors.
  MatrixXd curvature(const MatrixXd& jacobian, const VectorXd& weight) const {
    MatrixXd result = jacobian.transpose() * weight.asDiagonal() * jacobian;
    result.diagonal() += prior_scale().array().square().matrix();
    return result;
  }

 private:
  const Hardware& hardware_;
  const std::vector<Sample>& samples_;
  const std::vector<Parameter>& parameters_;
  const FitOptions& options_;
  SharedKernels kernels_;
  std::vector<Eigen::Index> supply_;  // of each sample its session's parameter, or -1
};

/// One for each session but that of most samples, where the supply of images is open at all.
std::vector<Parameter> session_supplies(const std::vector<Parameter>& parameters,
                                        const std::vector<Sample>& samples) {
  const bool open = std::any_of(parameters.begin(), parameters.end(),
                                [](const Parameter& p) { return p.name == "input_us"; });
  std::map<std::string, int> rows;
  for (const Sample& sample : samples) ++rows[sample.session];
  if (!open || rows.size() < 2) return {};
  rows.erase(std::max_element(rows.begin(), rows.end(),
                              [](const auto& a, const auto& b) { return a.second < b.second; }));
  std::vector<Parameter> supplies;
  for (const auto& [session, count] : rows) {
    supplies.push_back({.name = "input_us of session '" + session + "', times",
                        .centre = 1,
                        .spread = 0.3,
                        .low = 0.1,
                        .high = 10,
                        .targets = {},
                        .why = "hosts of one kind differ by some tens of percent",
                        .session = session});
  }
  return supplies;
}

struct Solution {
  VectorXd theta;
  MatrixXd curvature;
  double loss = 0;
  int iterations = 0;
};

Solution descend(const Problem& problem, const VectorXd& start, const FitOptions& options) {
  Solution best{problem.bounded(start), {}, 0, 0};
  VectorXd residuals = problem.residuals(best.theta);
  double& loss = best.loss = problem.loss(residuals, best.theta);
  double damping = 1e-2;
  for (; best.iterations < options.max_iterations; ++best.iterations) {
    const MatrixXd jacobian = problem.jacobian(best.theta, residuals);
    const VectorXd weight = problem.weights(residuals);
    best.curvature = problem.curvature(jacobian, weight);
    const VectorXd gradient =
        jacobian.transpose() * weight.cwiseProduct(residuals) +
        problem.prior_residuals(best.theta).cwiseProduct(problem.prior_scale());
    const double before = loss;
    for (bool better = false; !better && damping < 1e9;) {
      MatrixXd damped = best.curvature;
      damped.diagonal() *= 1 + damping;
      const VectorXd theta = problem.bounded(best.theta - damped.ldlt().solve(gradient));
      const VectorXd moved = problem.residuals(theta);
      const double moved_loss = problem.loss(moved, theta);
      better = moved_loss < loss;
      damping = better ? std::max(damping * 0.2, 1e-9) : damping * 4;
      if (better) {
        best.theta = theta;
        residuals = moved;
        loss = moved_loss;
      }
    }
    if (before - loss < 1e-5 * before) break;
  }
  return best;
}

Solution minimise(const Problem& problem, const FitOptions& options) {
  const std::vector<VectorXd> starts = problem.starts();
  std::vector<Solution> solutions(starts.size());
  parallel_for(starts.size(),
               [&](size_t i) { solutions[i] = descend(problem, starts[i], options); });
  return *std::min_element(solutions.begin(), solutions.end(),
                           [](const auto& a, const auto& b) { return a.loss < b.loss; });
}

void require_rows(const std::vector<Parameter>& parameters, const std::vector<Sample>& samples) {
  const int needed = least_rows(parameters.size());
  if (static_cast<int>(samples.size()) >= needed) return;
  throw Error(ErrorKind::kData, "calibration: " + std::to_string(samples.size()) + " rows for " +
                                    std::to_string(parameters.size()) + " constants; at least " +
                                    std::to_string(needed) + " are needed, some dozen are good");
}

}  // namespace

double Fit::predicted_ms(const Sample& sample) const {
  const auto supply = supplies.find(sample.session);
  return ridgeline::predicted_ms(sample, hardware, supply == supplies.end() ? 1 : supply->second);
}

int least_rows(size_t constants) { return 2 + static_cast<int>(constants) / 3; }

Fit fit_constants(const Hardware& hardware, const std::vector<Sample>& samples,
                  const FitOptions& options) {
  std::vector<Parameter> parameters = free_parameters(hardware, samples);
  for (Parameter& supply : session_supplies(parameters, samples)) {
    parameters.push_back(std::move(supply));
  }
  if (options.require_rows) require_rows(parameters, samples);
  // What these rows say nothing about is better guessed than neutral.
  Hardware base = hardware;
  for (const Parameter& parameter : open_parameters(hardware)) {
    parameter.set(parameter.centre, base.constants);
  }
  const Problem problem(base, samples, parameters, options);
  const Solution solution = minimise(problem, options);
  const MatrixXd covariance =
      solution.curvature.ldlt().solve(MatrixXd::Identity(problem.size(), problem.size()));
  Fit fit{problem.with(solution.theta), {}, solution.iterations};
  for (Eigen::Index i = 0; i < problem.size(); ++i) {
    const Parameter& parameter = problem.parameter(i);
    const double spread = std::sqrt(covariance(i, i));
    fit.constants.push_back({parameter, parameter.get(hardware.constants),
                             std::exp(solution.theta[i]), spread, spread / parameter.spread});
    if (!parameter.session.empty()) fit.supplies[parameter.session] = fit.constants.back().value;
  }
  return fit;
}

}  // namespace ridgeline
