#pragma once

#include <Eigen/Core>
#include <string>
#include <vector>

#include "search_space/search_space.h"
#include "surrogate/network_features.h"

namespace ridgeline {

/// What a feature says: that a decision made one choice (0 or 1), where its choice stands among
/// choices that are numbers in order (0 to 1), or a quantity of the network.
enum class FeatureKind { kChoice, kOrder, kNetwork };

/// Points of a space as rows of numbers. A decision gives one feature per choice; one with three or
/// more choices that are ascending or descending numbers gives its order too. Spaces of networks
/// add `kNetworkFeatures`. An inactive decision has made no choice and stands in the middle of its
/// order.
class Encoding {
 public:
  struct Feature {
    std::string name;  ///< "stage3.kernel 5"
    FeatureKind kind = FeatureKind::kChoice;
    int decision = -1;  ///< -1: of the network
    bool redundant_in_trees = false;
  };
  explicit Encoding(const SearchSpace& space);

  Eigen::Index size() const { return static_cast<Eigen::Index>(features_.size()); }
  const std::vector<Feature>& features() const { return features_; }
  size_t decisions() const { return firsts_.size(); }
  /// `row` has `size()` numbers. The architecture is the genotype's, with the data's classes and
  /// resolution. Throws as `lower`.
  void encode(const Genotype& genotype, const Architecture& architecture,
              Eigen::Ref<Eigen::VectorXd> row) const;

 private:
  std::vector<Feature> features_;
  std::vector<Eigen::Index> firsts_;  // per decision: its first feature
  std::vector<Eigen::Index> orders_;  // per decision: the feature of its order, or -1
  std::vector<int> choices_;
  bool networks_ = false;
};

}  // namespace ridgeline
