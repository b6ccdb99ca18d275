#pragma once

#include <functional>
#include <memory>

#include "controller/controller.h"

namespace ridgeline {

/// How promising a genotype is before it is trained; higher is better. Called by several threads
/// at once, for each genotype once.
using GenotypeScore = std::function<double(const Genotype&)>;

/// `inner`, but of ceil(n / keep) of its proposals the `n` with the highest scores are proposed, in
/// the order in which they were drawn; of equal ones the first, and what is no number last. What
/// is left out is not known to the search and teaches nothing. `keep` in (0, 1].
/// `log_probabilities` and `marginals` are those of `inner`: of a draw, not of a proposal.
std::unique_ptr<Controller> make_filtered(std::unique_ptr<Controller> inner, double keep,
                                          GenotypeScore score);

}  // namespace ridgeline
