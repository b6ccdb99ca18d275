#pragma once

#include <memory>
#include <vector>

#include "controller/controller.h"

namespace ridgeline {

/// A plain Bayesian optimiser to compare with, as BANANAS (White et al. 2021) with a Gaussian
/// process: covariance exp(-l x share of the decisions in which two genotypes differ), l and the
/// noise the likeliest of a grid, on standardised rewards, failures included. A batch holds those
/// of 200 mutations of the best 10 genotypes that promise the largest expected improvement. The
/// first 16 proposals are random. `save` and `restore` are not supported.
std::unique_ptr<Controller> make_gp_baseline(const std::vector<Decision>& decisions);

}  // namespace ridgeline
