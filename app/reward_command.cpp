#include <iostream>

#include "app/commands.h"
#include "app/quantities.h"
#include "core/units.h"
#include "experiments/run_directory.h"
#include "reward/calibrate.h"

namespace ridgeline {
namespace {

/// "75.2%:80ms"
ParetoPoint point_of(const std::string& text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos) {
    throw Error(ErrorKind::kUsage,
                "--points " + text + ": expected ACCURACY:LATENCY, such as 75.2%:80ms");
  }
  return {fraction_of_option("--points", text.substr(0, colon)),
          milliseconds_of_option("--points", text.substr(colon + 1))};
}

TradeOff of_run(const std::string& folder) {
  RunDirectory run = RunDirectory::read(folder);
  std::vector<ParetoPoint> points;
  for (const auto& trial : run.store().trials(Phase::kSearch, /*architectures=*/false)) {
    if (trial.status == TrialStatus::kComplete && trial.reused_from < 0)
      points.push_back({trial.accuracy, trial.latency_ms});
  }
  try {
    return trade_off_of_front(points);
  } catch (const Error& error) {
    throw Error(error.kind(), folder + ": " + error.what());
  }
}

std::string source_text(const RewardCalibrateOptions& options, const TradeOff& trade) {
  if (!options.gain.empty()) return "you value a doubling of the latency at";
  const std::string span =
      " from " + format_ms(trade.fastest_ms) + " to " + format_ms(trade.slowest_ms);
  if (!options.points.empty()) return "between the two points," + span + ", a doubling brings";
  std::string text = "along the Pareto front of " + options.run + ", " +
                     std::to_string(trade.points) + " networks" + span;
  if (trade.points > 2)
    text += " (R^2 of the fit " + format_fixed(trade.r_squared, 2) + ", standard error of w " +
            format_fixed(trade.standard_error, 3) + ")";
  return text + ", a doubling of the latency brings";
}

/// Networks that differ in little but accuracy have a slope that no trade-off can mean; `--gain`
/// has the same limit.
void require_plausible(const RewardCalibrateOptions& options, const TradeOff& trade) {
  if (trade.gain <= 1) return;
  throw Error(ErrorKind::kInfeasible,
              "reward calibrate: " + source_text(options, trade) + " " + percent_text(trade.gain) +
                  " more accuracy, which is no trade-off to search by; give networks further apart "
                  "in latency, or --gain");
}

/// The fit's own doubts, and what a proxy task cannot know.
std::string caveats(const RewardCalibrateOptions& options, const TradeOff& trade) {
  std::string text;
  if (trade.slowest_ms > 0 && trade.slowest_ms < 2 * trade.fastest_ms)
    text += "the points span less than one doubling: w is an extrapolation\n";
  if (options.run.empty()) return text;
  if (trade.points == 2) text += "two networks have no measure of fit\n";
  if (trade.points > 2 && 2 * trade.standard_error > -trade.w)
    text +=
        "w is not far from 0 by its standard error: search more networks before relying on it\n";
  return text +
         "these are accuracies of the run's trials: after a longer training, capacity usually "
         "brings more or less than in a short one\n";
}

}  // namespace

void reward_calibrate_command(const RewardCalibrateOptions& options) {
  const int given = !options.gain.empty() + !options.points.empty() + !options.run.empty();
  if (given != 1) {
    throw Error(ErrorKind::kUsage,
                "reward calibrate: give one of --gain 5%, --points ACC:LATENCY ACC:LATENCY, or "
                "--run DIR");
  }
  TradeOff trade;
  if (!options.gain.empty()) {
    trade = trade_off_from_gain(fraction_of_option("--gain", options.gain));
  } else if (!options.run.empty()) {
    trade = of_run(options.run);
  } else {
    trade = trade_off_between(point_of(options.points[0]), point_of(options.points[1]));
  }
  require_plausible(options, trade);
  const std::string w = format_fixed(trade.w, 4);
  std::cout << source_text(options, trade) << " " << percent_text(trade.gain)
            << " more accuracy (relative)\n"
            << "w = -log2(1 + " << format_fixed(trade.gain, 4) << ") = " << w
            << ": with it, a network that takes twice as long and is " << percent_text(trade.gain)
            << " better earns the same reward,\n"
               "so the search is indifferent along this trade-off and prefers what is above it; a "
               "w further from 0 leans to faster networks, one nearer to 0 to more accurate ones\n"
            << caveats(options, trade) << "reward: {kind: mnas_soft, w: " << w << "}\n";
}

}  // namespace ridgeline
