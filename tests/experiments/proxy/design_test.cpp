#include "experiments/proxy/design.h"
#include "tests/catch.h"
#include "tests/experiments/proxy/planted.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;

namespace {

TriedProxy tried(int epochs, double seconds, double tau) {
  TriedProxy proxy;
  proxy.recipe.epochs = epochs;
  proxy.seconds = seconds;
  proxy.share = seconds / 100;
  proxy.networks = 20;
  proxy.agreement.kendall = proxy.agreement.spearman = {tau, tau - 0.1, tau + 0.1};
  return proxy;
}

}  // namespace

TEST_CASE("the cheapest proxy that keeps the ranking is proposed, and the front is marked") {
  ProxyDesign design;
  design.plan.full = {8, {}};
  design.full_s = 100;
  design.tried = {tried(1, 5, 0.3), tried(2, 10, 0.5), tried(3, 20, 0.4), tried(4, 40, 0.7),
                  tried(6, 60, 0.8)};
  choose_proxy(design);
  REQUIRE(design.chosen.has_value());
  CHECK(*design.chosen == 3);
  CHECK(design.front == std::vector<size_t>{0, 1, 3, 4});
  CHECK_THAT(design_report(design), Contains("proposal: 4 epochs") && Contains("epochs: 4\n"));
  CHECK_THAT(to_svg(design_plot(design)), Contains("<svg"));
  design.plan.wanted = 0.9;
  choose_proxy(design);
  CHECK_FALSE(design.chosen.has_value());
  CHECK_THAT(design_report(design), Contains("no proxy that was tried keeps the ranking"));
}

TEST_CASE("recipes are every combination but the full one, the cheapest first") {
  const ProxyRecipe full{8, {}};
  const auto recipes = recipes_of({{2, 8, 2}, {1, 0.5}, {1}, {1, 0.5}}, full);
  CHECK(recipes.size() == 7);
  CHECK(to_text(recipes.front()) == "2 epochs, resolution x 0.5, 0.5 of the images");
  CHECK(to_text(recipes.back()) == "8 epochs, 0.5 of the images");
}

TEST_CASE("a learning curve stands for shorter trainings only where the schedule allows it") {
  TrainingConfig training;
  training.schedule = ScheduleKind::kCosine;
  CHECK_FALSE(is_beginning_of_longer(training, 4));
  training.schedule = ScheduleKind::kConstant;
  CHECK(is_beginning_of_longer(training, 4));
  training.warmup_epochs = 3;
  CHECK_FALSE(is_beginning_of_longer(training, 4));
  training.warmup_epochs = 0;
  training.ema_decay = 0.99;
  CHECK_FALSE(is_beginning_of_longer(training, 4));
  training.ema_decay = 0;
  training.validate_every = 3;
  CHECK_FALSE(is_beginning_of_longer(training, 4));
  CHECK(is_beginning_of_longer(training, 6));
}

TEST_CASE("a design finds the planted proxy, within its hours") {
  const TempFolder folder;
  PlantedLab lab(folder / "trainings.sqlite", 30);
  ProxyDesignPlan plan;
  plan.full = {16, {}};
  // Planted: the ranking is lost in the noise at a tenth of the work, and kept at half of it.
  plan.grid = {{1, 8}, {0.5, 1}, {1}, {1}};
  plan.hours = 10;
  const ProxyDesign design = design_proxy(lab.parts(), plan);
  REQUIRE(design.tried.size() == 4);
  CHECK(design.not_tried == 0);
  CHECK(design.tried[0].share == Approx(0.25 / 16));
  CHECK(design.tried[0].agreement.kendall.value < design.tried[3].agreement.kendall.value);
  CHECK(design.tried[0].agreement.kendall.value < kWantedCorrelation);
  REQUIRE(design.chosen.has_value());
  CHECK(design.tried[*design.chosen].agreement.kendall.value >= kWantedCorrelation);
  CHECK(lab.trainings == 5 * 30);

  PlantedLab short_of_time(folder / "short.sqlite", 30);
  plan.hours = 30 * (16 + 0.25 + 1) / 3600.0 + 1e-6;
  const ProxyDesign stopped = design_proxy(short_of_time.parts(), plan);
  CHECK(stopped.tried.size() == 2);
  CHECK(stopped.not_tried == 2);
  CHECK_THAT(design_report(stopped), Contains("2 more were not tried"));
}

TEST_CASE("with a constant schedule shorter recipes are read from the longest proxy") {
  const TempFolder folder;
  PlantedLab lab(folder / "trainings.sqlite", 10);
  lab.config.accuracy.training.schedule = ScheduleKind::kConstant;
  ProxyDesignPlan plan;
  plan.full = {16, {}};
  plan.grid.epochs = {2, 4, 8};
  const ProxyDesign design = design_proxy(lab.parts(), plan);
  CHECK(lab.trainings == 2 * 10);  // the full one, and 8 epochs
  REQUIRE(design.tried.size() == 3);
  CHECK(design.tried[0].read_from_longer);
  CHECK(design.tried[0].seconds == Approx(2));
  CHECK_FALSE(design.tried[2].read_from_longer);
}
