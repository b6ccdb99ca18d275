// How well surrogates of networks tell the trainings of Accel-NASBench's validation rows, and how
// fast.
//
// usage: bench_surrogate accel_nasbench.csv.gz [SPLIT]
//
// Fits to the rows of split `train` (all, and random 1,000 and 200 of them, five times each) and
// predicts those of SPLIT (default: val). The model is chosen by cross-validation on the fitted
// rows alone.
#include <cmath>
#include <ctime>
#include <iostream>

#include "core/error.h"
#include "core/random.h"
#include "core/rank_correlation.h"
#include "core/units.h"
#include "surrogate/csv_rows.h"

namespace ridgeline {
namespace {

/// Of processor time, of all threads: the machine may do other work.
double seconds_since(std::clock_t start) {
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

SurrogateData read(const std::string& table, const std::string& space, const std::string& columns,
                   const std::string& split) {
  return read_csv_rows({.table = table,
                        .space = space,
                        .columns = columns,
                        .target = "val_top1",
                        .unit = AccuracyUnit::kPercent,
                        .where = {"split=" + split}});
}

SurrogateData sample(const SurrogateData& data, size_t rows, uint64_t draw) {
  SurrogateData result = data;
  RandomStream stream(draw, rows, "bench_surrogate");
  for (size_t i = 0; i < rows && rows < data.rows.size(); ++i)
    std::swap(
        result.rows[i],
        result.rows[i + static_cast<size_t>(stream.below(static_cast<int>(data.rows.size() - i)))]);
  result.rows.resize(std::min(rows, data.rows.size()));
  return result;
}

std::vector<std::string> scores(const FittedSurrogate& surrogate, const SurrogateData& test) {
  std::vector<double> predicted, measured;
  double error = 0;
  int covered = 0;
  for (const auto& row : test.rows) {
    const SurrogatePrediction prediction = surrogate.predict(row.architecture);
    predicted.push_back(prediction.accuracy);
    measured.push_back(row.accuracy);
    error += std::abs(predicted.back() - measured.back());
    covered += std::abs(predicted.back() - measured.back()) <= 1.6449 * prediction.deviation;
  }
  const auto n = static_cast<double>(test.rows.size());
  return {format_fixed(kendall(predicted, measured), 4),
          format_fixed(spearman(predicted, measured), 4), format_fixed(100 * error / n, 3),
          format_percent(covered / n), enum_name(surrogate.content().figures[0].model)};
}

void print_speed(const FittedSurrogate& surrogate) {
  constexpr int kPoints = 20000;
  RandomStream stream(1, 0, "bench_surrogate_speed");
  std::vector<Architecture> points;
  for (int i = 0; i < kPoints; ++i)
    points.push_back(
        surrogate.space().decode(random_genotype(surrogate.space().decisions(), stream)));
  double sum = 0;
  std::clock_t start = std::clock();
  for (const auto& point : points) sum += surrogate.accuracy(point);
  const double alone = kPoints / seconds_since(start);
  start = std::clock();
  for (const auto& point : points) sum += surrogate.predict(point).deviation;
  std::cout << "  predictions per second of one core: " << std::lround(alone)
            << " of the accuracy, " << std::lround(kPoints / seconds_since(start))
            << " with uncertainty and distance" << (sum > 0 ? "\n" : " \n");
}

void run(const std::string& table, const std::string& split) {
  for (const bool networks : {true, false}) {
    const std::string space = networks ? "accel_nasbench_networks" : "accel_nasbench";
    const std::string columns = networks ? "accel_nasbench" : "";
    const SurrogateData train = read(table, space, columns, "train");
    const SurrogateData test = read(table, space, columns, split);
    std::cout << "space " << space << ": " << train.rows.size() << " rows to fit, "
              << test.rows.size() << " of split " << split << "\n";
    TextTable text;
    text.header = {"rows",    "Kendall", "Spearman",      "MAE points",
                   "in 90 %", "model",   "fit, core time"};
    std::optional<FittedSurrogate> all;
    for (const size_t rows : {train.rows.size(), size_t{1000}, size_t{200}}) {
      for (uint64_t draw = 0; draw < (rows < train.rows.size() ? 5 : 1); ++draw) {
        const SurrogateData data = sample(train, rows, draw);
        const std::clock_t start = std::clock();
        FittedSurrogate surrogate = fit_surrogate(data);
        const double seconds = seconds_since(start);
        auto line = scores(surrogate, test);
        line.insert(line.begin(), std::to_string(rows));
        line.push_back(format_duration(seconds));
        text.rows.push_back(line);
        if (!all) all.emplace(std::move(surrogate));
      }
    }
    std::cout << text.str();
    for (const auto& figures : all->content().figures) {
      std::cout << "  all rows, " << enum_name(figures.model) << " in " << all->content().folds
                << " folds: MAE " << format_fixed(100 * figures.mean_absolute_error, 3)
                << " points, Kendall " << format_fixed(figures.kendall, 4) << "\n";
    }
    print_speed(*all);
    for (const auto& [model, name] : EnumNames<SurrogateModel>::values) {
      if (model == all->content().figures[0].model) continue;
      const FittedSurrogate other = fit_surrogate(sample(train, 1000, 0), model);
      std::cout << "  " << name << ":\n";
      print_speed(other);
    }
  }
}

}  // namespace
}  // namespace ridgeline

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: bench_surrogate accel_nasbench.csv.gz [SPLIT]\n";
    return 2;
  }
  try {
    ridgeline::run(argv[1], argc > 2 ? argv[2] : "val");
  } catch (const ridgeline::Error& error) {
    std::cerr << error.what() << "\n";
    return error.exit_code();
  }
}
