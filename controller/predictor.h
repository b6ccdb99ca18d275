#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "controller/gaussian_process.h"
#include "search_space/decision.h"

namespace ridgeline {

/// A trial as a predictor sees it.
struct PredictorTrial {
  Genotype genotype;
  double reward = 0;
  bool complete = true;
};

/// What a Gaussian process is fitted to, of mean 0 and variance 1 over the complete trials: their
/// rewards after Yeo and Johnson's power transformation (2000) with the power that makes them most
/// like a normal sample, so that neither scale nor skewness matters. A failed trial stands with the
/// worst complete one, and at least one standard deviation below the mean. Where none is complete,
/// the rewards themselves count. At least one trial; rewards finite.
Eigen::VectorXd predictor_targets(std::span<const PredictorTrial> trials);

/// log of E[max(0, X - best)] for X normal (Mockus 1978; the logarithm as in Ament et al. 2023,
/// which still tells candidates apart where the expectation underflows). deviation > 0.
double log_expected_improvement(double mean, double deviation, double best);

/// Says which genotypes promise a higher reward than the trials so far.
class RewardPredictor {
 public:
  /// At least 2 trials, of the decisions' space.
  RewardPredictor(const std::vector<Decision>& decisions, std::span<const PredictorTrial> trials);
  const GaussianProcess& process() const { return process_; }
  /// The largest mean of the process at a trial: the best reward so far without its noise.
  double best() const { return best_; }

 private:
  GaussianProcess process_;
  double best_ = 0;
};

}  // namespace ridgeline
