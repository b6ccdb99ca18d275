#include <set>

#include "experiments/proxy/check.h"
#include "experiments/proxy/folder.h"
#include "tests/catch.h"
#include "tests/experiments/proxy/planted.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;

namespace {

std::string results_of(const ProxyCheck& check) {
  std::string text;
  for (const Trainings* trainings : {&check.proxy, &check.full}) {
    for (const auto& network : *trainings) {
      for (const auto& evaluation : network)
        text += ConfigWriter::plain_number(evaluation.accuracy) + " ";
    }
  }
  return text;
}

}  // namespace

TEST_CASE("the networks of a check are different, spread over the space, and the first of more") {
  const ExperimentConfig config = planted_config();
  const CandidateBuilder candidates(config.search_space());
  const auto few = spread_networks(candidates, 3, 7);
  const auto many = spread_networks(candidates, 3, 30);
  REQUIRE(few.size() == 7);
  std::set<std::string> different;
  for (const auto& network : many) different.insert(to_yaml(network.architecture));
  CHECK(different.size() == 30);
  for (size_t i = 0; i < few.size(); ++i) CHECK(few[i].architecture == many[i].architecture);
  // 1/2, 1/4, 3/4: the median, and one network to either side.
  CHECK(few[1].cost.total.madds < few[0].cost.total.madds);
  CHECK(few[2].cost.total.madds > few[0].cost.total.madds);
  CHECK_THAT(error_of([&] { spread_networks(candidates, 3, 500); }),
             Contains("--networks") && Contains("different networks"));
}

TEST_CASE("a check trains every network by every seed at both budgets, and judges") {
  const TempFolder folder;
  PlantedLab lab(folder / "trainings.sqlite");
  const ProxyCheckPlan plan = plan_check(lab.config, 3);
  CHECK(plan.proxy.epochs == 2);
  CHECK(plan.full.epochs == 8);
  const ProxyCheck check = check_proxy(lab.parts(), plan);
  CHECK(lab.trainings == 24 * 3 * 2);
  REQUIRE(check.statistics.has_value());
  CHECK(check.statistics->networks == 24);
  CHECK(check.left_out.empty());
  CHECK(check.proxy_s == 2);
  CHECK(check.full_s == 8);
  // Planted: noise of 0.04 / epochs.
  CHECK(*check.statistics->proxy.within == Approx(0.02).epsilon(0.3));
  CHECK(*check.statistics->full.within == Approx(0.005).epsilon(0.3));
  CHECK_THAT(check_report(check), Contains("verdict: ") && Contains("24 networks") &&
                                      Contains("25 % of it") && Contains("learning curve"));
  CHECK_THAT(curves_csv(check, lab.parts().networks), Contains("\n0,"));
  CHECK_THAT(to_svg(curves_plot(check)), Contains("<svg"));
  CHECK_THAT(to_svg(agreement_plot(check)), Contains("Kendall"));
}

TEST_CASE("an interrupted check continues to the results of an undisturbed one") {
  const TempFolder folder;
  PlantedLab whole(folder / "whole.sqlite", 10);
  const ProxyCheckPlan plan = plan_check(whole.config, 2);
  const std::string expected = results_of(check_proxy(whole.parts(), plan));
  {
    PlantedLab stopped(folder / "stopped.sqlite", 10, /*limit=*/17);
    CHECK_THAT(error_of([&] { check_proxy(stopped.parts(), plan); }), Contains("stopped"));
    CHECK(stopped.trainings == 17);
  }
  PlantedLab resumed(folder / "stopped.sqlite", 10);
  CHECK(results_of(check_proxy(resumed.parts(), plan)) == expected);
  CHECK(resumed.trainings == 40 - 17);
  // More networks, seeds or epochs train only what is new.
  PlantedLab more(folder / "stopped.sqlite", 12);
  check_proxy(more.parts(), plan_check(more.config, 2));
  CHECK(more.trainings == 2 * 2 * 2);
}

TEST_CASE("a network whose training fails is left out and named") {
  ProxyCheck check;
  check.plan = {.proxy = {1, {}}, .full = {2, {}}, .seeds = 1};
  check.proxy = check.full = Trainings(4, std::vector<Evaluation>(1));
  check.full[2][0].status = TrialStatus::kDiverged;
  check.full[2][0].message = "the loss became nan";
  std::vector<std::string> left_out;
  CHECK(trained_networks({&check.proxy, &check.full}, left_out) == std::vector<size_t>{0, 1, 3});
  REQUIRE(left_out.size() == 1);
  CHECK(left_out[0] == "network 2: diverged: the loss became nan");
}

TEST_CASE("a folder of trainings belongs to one space, seed and recipe") {
  const TempFolder folder;
  ExperimentConfig config = planted_config();
  config.accuracy.training.learning_rate = 0.02;
  ProxyFolder::open(folder / "proxy", config);  // a mistake, mended before anything is trained
  config = planted_config();
  {
    ProxyFolder first = ProxyFolder::open(folder / "proxy", config);
    first.store().append_attempt({});
  }
  config.accuracy.training.epochs = 7;  // what a training is told by its trial
  config.search.trials = 5;             // no matter
  ProxyFolder::open(folder / "proxy", config);
  config.accuracy.training.learning_rate = 0.01;
  CHECK_THAT(error_of([&] { ProxyFolder::open(folder / "proxy", config); }),
             Contains("another space, seed, images or recipe"));
  config = planted_config();
  config.seed = 4;
  CHECK_THAT(error_of([&] { ProxyFolder::open(folder / "proxy", config); }), Contains("--out"));
  write_file_atomic(folder / "file.txt", "somebody else's");
  CHECK_THAT(error_of([&] { ProxyFolder::open(folder.path(), config); }),
             Contains("is no folder of a proxy's trainings"));
}
