#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "surrogate/fitted_surrogate.h"

namespace ridgeline {

/// A trained point.
struct SurrogateRow {
  Genotype genotype;
  Architecture architecture;
  double accuracy = 0;  ///< fraction
};

struct SurrogateData {
  std::string space_name, space_yaml;
  std::string source;
  std::vector<SurrogateRow> rows;
  std::map<std::string, int> skipped;  ///< reason: rows
  SearchSpace space() const;
};

inline constexpr size_t kFewestSurrogateNetworks = 20;

/// Cross-validates the models in 5 folds (10 below 100 networks; all rows of a network are in one)
/// and fits the one of the smallest
/// root-mean-square error, or `model`, to all rows. Runs on all cores; the same rows give the same
/// bits on any number of them. Throws `kData` for fewer than 20 different networks, rows of one
/// accuracy, and rows whose networks differ in what the data decides (classes, resolution).
FittedSurrogate fit_surrogate(const SurrogateData& data,
                              std::optional<SurrogateModel> model = std::nullopt);

/// What a reader of the figures should know: fewer rows than features, no better than the mean.
std::vector<std::string> doubts(const FittedSurrogate& surrogate, const SurrogateData& data);

}  // namespace ridgeline
