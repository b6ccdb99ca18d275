#pragma once

#include <Eigen/Core>

#include "core/enum_names.h"
#include "surrogate/quadratic.h"

namespace ridgeline {

/// Where a query lies among the rows that a surrogate was fitted to.
enum class Place { kInside, kEdge, kFarOutside };
template <>
struct EnumNames<Place> {
  static constexpr std::array<std::pair<Place, const char*>, 3> values{
      {{Place::kInside, "inside"},
       {Place::kEdge, "at the edge"},
       {Place::kFarOutside, "far outside"}}};
};

/// The leverage of a point: z' (Z' Z + I)^-1 z over the standardised features, the variance that a
/// linear fit to the rows Z would have there in units of its noise. Small where rows are many; 1 or
/// more for a choice that no row made, and for quantities far from all rows.
class DataDistance {
 public:
  DataDistance() = default;
  DataDistance(const Encoding& encoding, const Eigen::MatrixXd& rows);
  /// As saved: the inverse of the lower Cholesky factor.
  DataDistance(Standardization standardization, Eigen::MatrixXd inverse)
      : standardization_(std::move(standardization)), inverse_(std::move(inverse)) {}

  double leverage(const Eigen::Ref<const Eigen::VectorXd>& row) const;
  const Standardization& standardization() const { return standardization_; }
  const Eigen::MatrixXd& inverse() const { return inverse_; }

 private:
  Standardization standardization_;
  Eigen::MatrixXd inverse_;
};

/// Standard deviation of an error at leverage h: sqrt(noise^2 (1 + growth h)), at most `most`.
/// noise and growth are the likeliest given the errors of rows that were not fitted to, growth at
/// least 1, which is a linear fit's.
struct Uncertainty {
  double noise = 0, growth = 1, most = 0;
  double inside = 0, edge = 0;  ///< largest leverage of each place
  double deviation(double leverage) const;
  Place place(double leverage) const;
};
/// `errors` and `leverages` of rows under fits that had not seen them; `most` as above.
Uncertainty learn_uncertainty(const Eigen::VectorXd& errors, const Eigen::VectorXd& leverages,
                              double most);

}  // namespace ridgeline
