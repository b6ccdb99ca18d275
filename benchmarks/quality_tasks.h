#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/csv.h"
#include "search_space/decision.h"

namespace ridgeline {

/// What a search is told of a point (the reward) and what the point is worth. Behind the reward:
/// accuracy (fraction) and cost, ms or multiply-adds; 1 where it has none.
struct QualityValue {
  double signal = 0;
  double score = 0;
  double accuracy = signal;
  double cost = 1;
  bool complete = true;  ///< false: a failed trial, of signal and score 0
};

/// A categorical problem: a table, or a formula over a space that no table could hold.
struct QualityTask {
  std::string name;      ///< as in search_baselines.csv
  std::string reported;  ///< what scores are
  std::vector<Decision> decisions = {};
  /// One evaluation. Only a task whose evaluations differ draws from the stream.
  std::function<QualityValue(const Genotype&, RandomStream&)> evaluate = {};
  double best_score = 0;  ///< the largest of the table; 0: not known
};

/// All tasks that the tables in `data` (a folder as the shared data's) give, and one that needs no
/// table: the formula of accuracy kind `formula` and the V100 roofline over the EfficientNet-X
/// space. Throws `kData` where a table is missing, incomplete or not as expected.
std::vector<QualityTask> quality_tasks(const std::filesystem::path& data);

/// A table as a task: `value` is the reward, `score` (or `value` where it is empty) what a point is
/// worth, each times `scale`; every other column that `ignored` does not name is a decision, whose
/// choices are the column's distinct cells, numbers in their order. A value of 0, an empty one and
/// a point that the table lacks are failed trials. Throws `kData` for a negative value, and for two
/// rows of one point.
QualityTask table_task(const std::filesystem::path& path, const std::string& value,
                       const std::string& score = "", const std::vector<std::string>& ignored = {},
                       double scale = 1);

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
