#pragma once

#include <Eigen/Core>
#include <vector>

#include "surrogate/encoding.h"

namespace ridgeline {

/// Features made comparable: less their mean over the rows fitted to; orders and quantities of the
/// network also over their standard deviation. One that does not vary over the rows becomes 0; a
/// choice that no row made stays, since to make it is news.
struct Standardization {
  Eigen::VectorXd mean, factor;
  Standardization() = default;
  Standardization(const Eigen::MatrixXd& rows, const Encoding& encoding);
  Eigen::VectorXd apply(const Eigen::Ref<const Eigen::VectorXd>& row) const {
    return (row - mean).cwiseProduct(factor);
  }
  Eigen::MatrixXd apply_all(const Eigen::MatrixXd& rows) const;
};

/// constant + linear' z + z' square z of the standardised features z; `square` is upper triangular,
/// or empty.
struct Quadratic {
  Standardization standardization;
  double constant = 0;
  Eigen::VectorXd linear;
  Eigen::MatrixXd square;
  double predict(const Eigen::Ref<const Eigen::VectorXd>& row) const;
};

/// Ridge regression (Hoerl and Kennard 1970) on the features themselves, penalty by the smallest
/// leave-one-out error (Allen's PRESS, 1974). Rows of X are points; at least 2.
Quadratic fit_ridge(const Encoding& encoding, const Eigen::MatrixXd& rows,
                    const Eigen::VectorXd& targets);

/// Gaussian process with the covariance 1 + q + h q^2, where q sums the products of the features of
/// each kind under a weight of the kind's: single effects, and effects of pairs (Rasmussen and
/// Williams 2006, section 4.2.2). Weights, h and noise are the likeliest given at most 400 of the
/// rows. Its mean is a quadratic form, so that a prediction does not cost more with more rows.
/// Costs n^3 / 3 multiply-adds; of more than 5,000 rows, as many at equal distances are used.
Quadratic fit_gaussian_process(const Encoding& encoding, const Eigen::MatrixXd& rows,
                               const Eigen::VectorXd& targets);

}  // namespace ridgeline
