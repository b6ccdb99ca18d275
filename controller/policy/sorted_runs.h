#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ridgeline {

/// A growing collection of finite numbers that tells how many of them are below another. They are
/// held in sorted runs, each at least twice as long as the next: to add n to N of them costs
/// O(n log N) in the mean, to ask O(log^2 N).
class SortedRuns {
 public:
  void add(std::span<const double> values);
  /// How many are below `value`; equals count half.
  double below(double value) const;
  size_t size() const { return size_; }
  /// All of them; equals in the order in which they were added.
  std::vector<double> sorted() const;

 private:
  std::vector<std::vector<double>> runs_;
  size_t size_ = 0;
};

}  // namespace ridgeline
