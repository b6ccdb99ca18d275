#include "app/reward_options.h"

#include <CLI/CLI.hpp>

#include "app/commands.h"

namespace ridgeline {
namespace {

void add_rerank(CLI::App& app) {
  static RerankOptions rerank;
  auto* sub = app.add_subcommand(
      "rerank",
      "rank the trained networks of a run under another target or reward; trains nothing");
  sub->footer(
      "examples:\n  ridgeline rerank runs/first --kind constraint --target 12ms\n"
      "  ridgeline rerank runs/first --target 0.5ms --kind tunas --set reward.beta=-0.07 --json\n"
      "  ridgeline rerank runs/first --set reward.limits.params=5e6 --out best.yaml");
  sub->add_option("run", rerank.run, "folder of the run")->required()->type_name("DIR");
  sub->add_option(
         "--target", rerank.targets,
         "latency target in us, ms (default) or s; NAME=LATENCY for an additional accelerator")
      ->type_name("LATENCY")
      ->take_all()
      ->allow_extra_args(false);
  sub->add_option("--kind", rerank.kind, "mnas_soft, mnas_hard, tunas, weighted_sum or constraint");
  sub->add_option("--set", rerank.settings, "change a reward.* key; may be repeated")
      ->type_name("KEY=VALUE")
      ->take_all()
      ->allow_extra_args(false);
  sub->add_option("--top", rerank.top, "rows of the table")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  sub->add_flag("--csv", rerank.csv, "every trained network, as CSV");
  sub->add_flag("--json", rerank.json, "every trained network, as JSON");
  sub->add_option("--out", rerank.out, "write the winner's architecture there")->type_name("FILE");
  sub->callback([] { rerank_command(rerank); });
}

void add_calibrate(CLI::App& reward) {
  static RewardCalibrateOptions calibrate;
  auto* sub = reward.add_subcommand("calibrate",
                                    "w from what a doubling of the latency is worth, in words");
  sub->footer(
      "examples:\n  ridgeline reward calibrate --gain 5%\n"
      "  ridgeline reward calibrate --points 75.2%:80ms 76.7%:110ms\n"
      "  ridgeline reward calibrate --run runs/first");
  sub->add_option("--gain", calibrate.gain,
                  "relative accuracy gain that a doubling of latency should bring")
      ->type_name("SHARE");
  sub->add_option("--points", calibrate.points, "two networks that you consider equally good")
      ->type_name("ACC:LATENCY")
      ->expected(2);
  sub->add_option("--run", calibrate.run, "fit to the Pareto front of a run's trials")
      ->type_name("DIR");
  sub->callback([] { reward_calibrate_command(calibrate); });
}

}  // namespace

void add_reward_commands(CLI::App& app) {
  add_rerank(app);
  auto* reward = app.add_subcommand("reward", "derive the reward's exponent");
  reward->require_subcommand(1);
  add_calibrate(*reward);
}

}  // namespace ridgeline
