#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "search_space/decision.h"

namespace ridgeline {

/// Gaussian process over genotypes that says which of them are likely to be worth more, as BANANAS
/// (White et al. 2021) and other predictor-guided searches do. Covariance: exp(-l x share of the
/// decisions in which two genotypes differ), plus noise; l and the noise are those of the largest
/// marginal likelihood on a grid. It learns the logits of the rewards' ranks, so that neither their
/// scale nor failed trials matter.
class RewardPredictor {
 public:
  /// Of equally many genotypes and rewards, at least 2. Costs n^3 / 3 multiply-adds.
  void fit(std::span<const Genotype> genotypes, std::span<const double> rewards);
  /// The mean of the process: the higher, the better; of no unit. `fit` must have been called.
  double predict(const Genotype& genotype) const;

 private:
  struct Kernel {
    double rate = 1;   // l
    double noise = 0;  // variance on the diagonal, in the covariance's units
  };
  static Kernel likeliest(const Eigen::MatrixXd& differing, const Eigen::VectorXd& target);

  std::vector<Genotype> genotypes_;
  Kernel kernel_;
  Eigen::VectorXd weights_;
  double mean_ = 0;
};

}  // namespace ridgeline
