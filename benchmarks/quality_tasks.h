#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/csv.h"
#include "search_space/decision.h"

namespace ridgeline {

/// A complete table of a categorical problem: what a search is told of every point, and what the
/// point is worth in the end.
struct QualityTask {
  std::string name;      ///< as in search_baselines.csv
  std::string reported;  ///< the column that `score` is, in percent
  std::vector<Decision> decisions;
  std::vector<double> signal;  ///< by `index_of`; a fraction, told as the reward
  std::vector<double> score;   ///< by `index_of`; percent
  double best_score = 0;       ///< the largest of `score`

  /// Mixed-radix index of a genotype whose decisions are all active.
  size_t index_of(const Genotype& genotype) const;
};

/// All tasks that the tables in `data` (a folder as the shared data's) give. Throws `kData` where a
/// table is missing, incomplete or not as expected.
std::vector<QualityTask> quality_tasks(const std::filesystem::path& data);

/// Mean and standard deviation of a published baseline, percent.
struct QualityBaseline {
  std::string algorithm;  ///< RS, REA or REINFORCE
  int evaluations = 0;
  double mean = 0;
  double sd = 0;
  int repeats = 0;
};

/// The rows of search/search_baselines.csv that belong to `task`.
std::vector<QualityBaseline> quality_baselines(const CsvTable& table, const QualityTask& task);

}  // namespace ridgeline
