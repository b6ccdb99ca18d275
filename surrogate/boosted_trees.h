#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "surrogate/encoding.h"

namespace ridgeline {

/// Gradient-boosted trees for squared error (Friedman 2001). The trees are symmetric (Prokhorenkova
/// et al. 2018): all nodes of a level ask the same question, so that a leaf is a number of bits.
struct BoostedTrees {
  struct Question {
    int feature = 0;
    double above = 0;  ///< yes: the feature is larger
  };
  int depth = 0;
  double constant = 0;
  std::vector<Question> questions;  ///< all different
  std::vector<uint32_t> asked;      ///< `depth` per tree: places in `questions`
  std::vector<double> leaves;       ///< 2^depth per tree
  double predict(const Eigen::Ref<const Eigen::VectorXd>& row) const;
};

/// Deterministic. Rows of X are points; at least 2.
BoostedTrees fit_boosted_trees(const Encoding& encoding, const Eigen::MatrixXd& rows,
                               const Eigen::VectorXd& targets);

}  // namespace ridgeline
