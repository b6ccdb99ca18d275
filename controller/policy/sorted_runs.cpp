#include "controller/policy/sorted_runs.h"

#include <algorithm>
#include <iterator>

namespace ridgeline {
namespace {

/// Of equals, those of `earlier` come first.
std::vector<double> merged(const std::vector<double>& earlier, const std::vector<double>& later) {
  std::vector<double> all;
  all.reserve(earlier.size() + later.size());
  std::merge(earlier.begin(), earlier.end(), later.begin(), later.end(), std::back_inserter(all));
  return all;
}

}  // namespace

void SortedRuns::add(std::span<const double> values) {
  if (values.empty()) return;
  size_ += values.size();
  std::vector<double> run(values.begin(), values.end());
  std::stable_sort(run.begin(), run.end());
  while (!runs_.empty() && runs_.back().size() < 2 * run.size()) {
    run = merged(runs_.back(), run);
    runs_.pop_back();
  }
  runs_.push_back(std::move(run));
}

double SortedRuns::below(double value) const {
  double count = 0;
  for (const auto& run : runs_) {
    const auto [first, last] = std::equal_range(run.begin(), run.end(), value);
    count += static_cast<double>(first - run.begin() + (last - run.begin())) / 2;
  }
  return count;
}

std::vector<double> SortedRuns::sorted() const {
  std::vector<double> all;
  for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) all = merged(*run, all);
  return all;
}

}  // namespace ridgeline
