#pragma once

#include "scaling/coefficient_solve.h"
#include "scaling/lacs.h"

namespace ridgeline {

/// The search for one triple at one target: grids, candidates, surface. `search_coefficients` adds
/// the family.
class TripleSearch {
 public:
  /// Borrows all; `solver` prices by `config.mode`. `target`: in what the solver prices.
  TripleSearch(const Architecture& base, const LacsConfig& config, const LacsCallbacks& callbacks,
               CoefficientSolver& solver);

  /// Fills best, steps, candidates, star, plateau, same_network and refused.
  void run(double target, LacsResult& result);

 private:
  void fit_surface(double target, LacsResult& result);
  /// One grid; false when it holds nothing new.
  bool search_grid(const std::vector<GridWindow>& windows, double step, double target,
                   LacsResult& result);
  std::vector<GridWindow> windows_around_best(double reach) const;
  void confirm_by_training(LacsResult& result);
  void conclude(LacsResult& result);
  void drop_over_limit(std::vector<GridNetwork>& networks);
  std::vector<GridNetwork> fresh_of(std::vector<GridNetwork> networks);
  void score(std::vector<LacsCandidate>& batch, LacsResult& result);
  void evaluate(std::vector<LacsCandidate>& batch);
  /// Infinite where the network does not fit the device.
  double latency_of(const Architecture& network) const;
  std::string price_text(double price) const;
  ScalingFactors factors_of(const LacsCandidate& candidate) const;
  [[noreturn]] void fail_unreachable(const GridSurvey& survey, double target);

  const Architecture& base_;
  const LacsConfig& config_;
  const LacsCallbacks& callbacks_;
  CoefficientSolver& solver_;
  std::vector<LacsCandidate> scored_;  ///< by training or on the surface
  std::string first_over_limit_;
};

}  // namespace ridgeline
