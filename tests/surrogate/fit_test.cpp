#include "surrogate/fit.h"

#include <omp.h>

#include <cmath>

#include "core/rank_correlation.h"
#include "tests/catch.h"
#include "tests/support.h"
#include "tests/surrogate/planted.h"

using namespace ridgeline;
using namespace ridgeline::test;

TEST_CASE("every model finds a planted function, and cross-validation says how well") {
  const SurrogateData data = planted_rows(300, 0.005), unseen = planted_rows(200, 0, 1);
  for (const auto& [model, name] : EnumNames<SurrogateModel>::values) {
    INFO(name);
    const FittedSurrogate surrogate = fit_surrogate(data, model);
    std::vector<double> predicted, truth;
    double error = 0;
    for (const auto& row : unseen.rows) {
      predicted.push_back(surrogate.accuracy(row.architecture));
      truth.push_back(row.accuracy);
      error += std::abs(predicted.back() - truth.back()) / 200;
    }
    CHECK(spearman(predicted, truth) > 0.95);
    CHECK(error < 0.01);
    // Held-out rows have noise on top of the model's error.
    CHECK(surrogate.content().figures[0].mean_absolute_error > error);
    CHECK(surrogate.content().figures[0].mean_absolute_error < error + 0.006);
  }
  const FittedSurrogate best = fit_surrogate(data);
  REQUIRE(best.content().figures.size() == 3);
  for (const auto& other : best.content().figures)
    CHECK(best.content().figures[0].root_mean_square_error <= other.root_mean_square_error);
  CHECK(best.content().folds == 5);
}

TEST_CASE("the stated uncertainty covers what it says, and grows away from the data") {
  SurrogateData data = planted_rows(600, 0.01);
  // Half of the space was never tried.
  std::erase_if(data.rows, [](const SurrogateRow& row) { return row.genotype[1] == 2; });
  const FittedSurrogate surrogate = fit_surrogate(data);
  CHECK(surrogate.content().figures[0].coverage == Approx(0.9).margin(0.04));
  const SurrogateData fresh = planted_rows(600, 0.01, 2);
  int inside = 0, known = 0, far = 0, unknown = 0, covered = 0;
  for (const auto& row : fresh.rows) {
    const SurrogatePrediction p = surrogate.predict(row.architecture);
    const bool tried = row.genotype[1] != 2;
    known += tried;
    unknown += !tried;
    inside += tried && p.place == Place::kInside;
    far += !tried && p.place == Place::kFarOutside;
    covered += tried && std::abs(p.accuracy - row.accuracy) < 1.6449 * p.deviation;
    if (tried) CHECK(p.deviation < 0.02);
  }
  CHECK(covered > 0.84 * known);
  CHECK(inside > 0.85 * known);
  CHECK(far == unknown);
  SurrogateRow missing = fresh.rows[0];
  missing.genotype[1] = 2;
  const SearchSpace space = data.space();
  const double tried = surrogate.predict(data.rows[0].architecture).deviation;
  CHECK(surrogate.predict(space.decode(missing.genotype)).deviation > 1.2 * tried);
}

TEST_CASE("a surrogate has the same bits on any number of threads") {
  const SurrogateData data = planted_rows(120, 0.01);
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const std::string one = fit_surrogate(data).to_text();
  omp_set_num_threads(3);
  CHECK(fit_surrogate(data).to_text() == one);
  omp_set_num_threads(threads);
}

TEST_CASE("fewer rows than features are fitted with a note; too few rows are refused") {
  const SurrogateData few = planted_rows(25, 0.005);
  const FittedSurrogate surrogate = fit_surrogate(few);
  CHECK(surrogate.content().folds == 10);
  for (const auto& row : few.rows) CHECK(std::isfinite(surrogate.accuracy(row.architecture)));
  const auto notes = doubts(surrogate, few);
  REQUIRE_FALSE(notes.empty());
  CHECK_THAT(notes[0], Catch::Contains("25 rows are fewer than the 3"));
  CHECK_THAT(error_of([] { fit_surrogate(planted_rows(19, 0)); }),
             Catch::Contains("19 usable rows of 18 different networks; a surrogate needs at "
                             "least 20"));
}

TEST_CASE("a network that was trained twice is never on both sides of a fold") {
  SurrogateData data = planted_rows(60, 0);
  // Nothing but a row's twin can tell such accuracies.
  RandomStream stream(1, 2, "noise");
  for (auto& row : data.rows) row.accuracy = stream.uniform();
  const std::vector<SurrogateRow> twins = data.rows;
  data.rows.insert(data.rows.end(), twins.begin(), twins.end());
  const FittedSurrogate surrogate = fit_surrogate(data);
  for (const auto& figures : surrogate.content().figures) CHECK(figures.spearman < 0.5);
}

TEST_CASE("rows that cannot make a surrogate are refused or doubted, with the cause") {
  SurrogateData data = planted_rows(60, 0);
  data.rows[5].architecture.classes = 12;
  CHECK_THAT(error_of([&] { fit_surrogate(data); }), Catch::Contains("differ in classes"));
  data = planted_rows(60, 0);
  for (auto& row : data.rows) row.accuracy = 0.25;
  CHECK_THAT(error_of([&] { fit_surrogate(data); }),
             Catch::Contains("all rows have the accuracy 25.000 %"));
  RandomStream stream(1, 1, "noise");
  for (auto& row : data.rows) row.accuracy = stream.uniform();
  const auto notes = doubts(fit_surrogate(data), data);
  REQUIRE_FALSE(notes.empty());
  CHECK_THAT(notes.back(), Catch::Contains("hardly better than their mean"));
}
