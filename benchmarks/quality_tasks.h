#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/csv.h"
#include "search_space/decision.h"

namespace ridgeline {

/// What a search is told of a point (the reward, a fraction) and what the point is worth (percent).
/// Behind the reward: accuracy (fraction) and cost, ms or multiply-adds; 1 where it has none.
struct QualityValue {
  double signal = 0;
  double score = 0;
  double accuracy = signal;
  double cost = 1;
};

/// A categorical problem: a complete table, or a formula over a space that no table could hold.
struct QualityTask {
  std::string name;      ///< as in search_baselines.csv
  std::string reported;  ///< the column that scores are, in percent
  std::vector<Decision> decisions;
  std::vector<QualityValue> table = {};  ///< by mixed-radix index
  std::function<QualityValue(const Genotype&)> formula = {};
  double best_score = 0;  ///< the largest of the table; 0: not known

  QualityValue value(const Genotype& genotype) const;
};

/// All tasks that the tables in `data` (a folder as the shared data's) give, and one that needs no
/// table: the formula of accuracy kind `formula` and the V100 roofline over the EfficientNet-X
/// space. Throws `kData` where a table is missing, incomplete or not as expected.
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
