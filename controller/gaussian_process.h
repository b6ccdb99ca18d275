#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "search_space/decision.h"

namespace ridgeline {

/// Gaussian process over genotypes. The correlation of a and b is
///
///   exp(-sum over the decisions d with a_d != b_d of (differ_d + apart_d |a_d - b_d| / (choices_d
///   - 1)))
///
/// plus noise on the diagonal; apart_d is 0 unless d's choices are numbers in order, and being
/// inactive is as far from a choice as can be. These rates and the noise are the most probable ones
/// given the targets (marginal likelihood x log-normal priors), so a decision that matters little
/// gets a small rate: automatic relevance determination (Rasmussen and Williams 2006, section 5.1).
/// The variance of the targets is fitted along. Deterministic: the same data, the same bits.
class GaussianProcess {
 public:
  explicit GaussianProcess(const std::vector<Decision>& decisions);

  /// At least 2 genotypes, of the decisions' space, and as many finite targets. Costs n^3 / 3
  /// multiply-adds, and for the rates a multiple of min(n, 128)^3.
  void fit(std::span<const Genotype> genotypes, const Eigen::VectorXd& targets);

  /// The process's mean at each genotype fitted to: its target without the noise.
  Eigen::VectorXd means() const;
  double correlation(const Genotype& a, const Genotype& b) const;
  double noise() const { return noise_; }  ///< variance, in units of the process's

 private:
  friend class Candidates;
  /// The logarithms of all rates, then of the noise.
  using Parameters = Eigen::VectorXd;
  Parameters likeliest(std::span<const Genotype> genotypes, const Eigen::VectorXd& targets);
  double misfit(std::span<const Genotype> genotypes, const Eigen::VectorXd& targets,
                const Parameters& parameters, Parameters& slope);
  void set(const Parameters& parameters);
  Eigen::MatrixXd correlations(std::span<const Genotype> genotypes) const;

  std::vector<int> choices_;
  std::vector<bool> ordered_;
  Parameters prior_;                        // the means of the priors
  std::vector<std::vector<double>> falls_;  // per decision: what a pair of choices takes away
  std::vector<Genotype> genotypes_;
  Eigen::VectorXd residuals_;  // targets less mean_
  Eigen::VectorXd weights_;    // K^-1 residuals_
  Eigen::MatrixXd factor_;     // lower Cholesky factor of K
  double mean_ = 0;
  double noise_ = 0;
  double scale_ = 1;  // variance of the process
};

/// What a process says of a list of genotypes: its posterior mean and deviation at each, in the
/// targets' units. The process must outlive it.
class Candidates {
 public:
  Candidates(const GaussianProcess& process, std::vector<Genotype> genotypes);
  size_t size() const { return genotypes_.size(); }
  const Genotype& genotype(size_t i) const { return genotypes_[i]; }
  double mean(size_t i) const { return means_[index(i)]; }
  double deviation(size_t i) const;
  /// As if the process had been fitted to candidate i, too, with its mean as the target: no mean
  /// changes, and the deviations near i shrink (Ginsbourger et al. 2010: the kriging believer).
  void believe(size_t i);

 private:
  static Eigen::Index index(size_t i) { return static_cast<Eigen::Index>(i); }

  const GaussianProcess& process_;
  std::vector<Genotype> genotypes_;
  Eigen::MatrixXd half_;   // factor^-1 of the correlations with what was fitted and believed
  Eigen::Index rows_ = 0;  // of half_ in use
  Eigen::VectorXd means_;
  Eigen::VectorXd variances_;  // in units of the process's
};

}  // namespace ridgeline
