#include <cmath>

#include "core/rank_correlation.h"
#include "surrogate/csv_rows.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

SurrogateData rows_of(const std::string& split) {
  return read_csv_rows({.table = shared_data("accelnb/accel_nasbench.csv.gz").string(),
                        .space = "accel_nasbench_networks",
                        .columns = "accel_nasbench",
                        .target = "val_top1",
                        .unit = AccuracyUnit::kPercent,
                        .where = {"split=" + split}});
}

struct Scores {
  double kendall = 0, spearman = 0, mean_absolute_error = 0;
};

/// Fitted to every so many rows of the split `train`, scored on the split `val`.
Scores scores(size_t every, std::optional<SurrogateModel> model) {
  SurrogateData train = rows_of("train");
  std::vector<SurrogateRow> kept;
  for (size_t i = 0; i < train.rows.size(); i += every) kept.push_back(train.rows[i]);
  train.rows = std::move(kept);
  const FittedSurrogate surrogate = fit_surrogate(train, model);
  std::vector<double> predicted, measured;
  Scores result;
  for (const auto& row : rows_of("val").rows) {
    predicted.push_back(surrogate.accuracy(row.architecture));
    measured.push_back(row.accuracy);
    result.mean_absolute_error += std::abs(predicted.back() - measured.back());
  }
  result.mean_absolute_error /= static_cast<double>(predicted.size());
  result.kendall = kendall(predicted, measured);
  result.spearman = spearman(predicted, measured);
  return result;
}

}  // namespace

TEST_CASE("4,100 trainings of Accel-NASBench tell the validation rows") {
  // The Gaussian process alone is a little better, and takes longer.
  const Scores all = scores(1, SurrogateModel::kBoostedTrees);
  CHECK(all.kendall >= 0.90);
  CHECK(all.mean_absolute_error <= 0.0040);
}

TEST_CASE("205 and 1,025 trainings of Accel-NASBench tell the order of the validation rows") {
  CHECK(scores(20, std::nullopt).spearman >= 0.92);
  CHECK(scores(4, std::nullopt).spearman >= 0.95);
}
