#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tables/rows.h"

namespace ridgeline {

/// Points as sparse 0 / 1 vectors: one feature per choice of each decision but its first, and one
/// per pair of them from two decisions, where all together are at most `kMost`; single choices
/// alone otherwise.
class SurrogateFeatures {
 public:
  static constexpr int kMost = 3000;
  /// Learns the choices of each decision from `rows`.
  explicit SurrogateFeatures(const std::vector<const TableRows::Row*>& rows);

  int size() const { return size_; }
  /// The features that are 1, in ascending order; nothing for a choice that no row had.
  std::optional<std::vector<int>> active(const std::vector<std::string>& choices) const;
  bool knows(size_t decision, const std::string& choice) const {
    return features_[decision].contains(choice);
  }

 private:
  std::vector<std::map<std::string, int>> features_;  // per decision: choice -> single, -1: first
  int singles_ = 0;
  int size_ = 0;
  bool pairs_ = false;
};

}  // namespace ridgeline
