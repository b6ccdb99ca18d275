#include "tables/surrogate_features.h"

#include <cstdint>

namespace ridgeline {

SurrogateFeatures::SurrogateFeatures(const std::vector<const TableRows::Row*>& rows) {
  features_.resize(rows.empty() ? 0 : rows[0]->choices.size());
  for (const auto* row : rows) {
    for (size_t d = 0; d < features_.size(); ++d) features_[d].emplace(row->choices[d], -1);
  }
  for (auto& choices : features_) {
    for (auto& [choice, index] : choices) {
      if (choice != choices.begin()->first) index = singles_++;
    }
  }
  // Pairs within a decision are never 1 and cost little, as the ridge leaves their weights at 0.
  const int64_t with_pairs = singles_ + int64_t{singles_} * (singles_ - 1) / 2;
  pairs_ = with_pairs <= kMost;
  size_ = pairs_ ? static_cast<int>(with_pairs) : singles_;
}

std::optional<std::vector<int>> SurrogateFeatures::active(
    const std::vector<std::string>& choices) const {
  std::vector<int> active;
  for (size_t d = 0; d < features_.size(); ++d) {
    const auto found = features_[d].find(choices[d]);
    if (found == features_[d].end()) return std::nullopt;
    if (found->second >= 0) active.push_back(found->second);
  }
  if (!pairs_) return active;
  const size_t singles = active.size();
  for (size_t i = 0; i < singles; ++i) {
    // The pairs (a, b > a) follow the singles, row by row of a triangle.
    const int a = active[i];
    const int row = singles_ + a * (singles_ - 1) - a * (a - 1) / 2;
    for (size_t j = i + 1; j < singles; ++j) active.push_back(row + active[j] - a - 1);
  }
  return active;
}

}  // namespace ridgeline
