#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/report.h"
#include "core/file.h"
#include "core/units.h"
#include "experiments/analysis/front.h"
#include "experiments/finalists.h"
#include "report/plot.h"

namespace ridgeline {
namespace {

/// Points by name: beyond this the labels hide the front.
constexpr size_t kLabelled = 15;

void print_front_csv(const std::vector<Trial>& front) {
  std::cout << "trial,accuracy,latency_ms,reward,params,madds,genotype";
  for (const auto& latency : front[0].additional_latencies())
    std::cout << ",latency_ms_" << latency.accelerator;
  std::cout << "\n";
  const auto count = [](int64_t n) { return n > 0 ? std::to_string(n) : std::string(); };
  for (const Trial& t : front) {
    std::cout << t.id << "," << ConfigWriter::plain_number(t.accuracy) << ","
              << ConfigWriter::plain_number(t.latency_ms()) << ","
              << ConfigWriter::plain_number(t.reward) << "," << count(t.params) << ","
              << count(t.madds) << "," << to_text(t.genotype);
    for (const auto& latency : t.additional_latencies())
      std::cout << "," << ConfigWriter::plain_number(latency.ms);
    std::cout << "\n";
  }
}

void print_front_json(const std::vector<Trial>& front) {
  auto rows = nlohmann::ordered_json::array();
  const auto count = [](int64_t n) -> nlohmann::ordered_json {
    if (n > 0) return n;
    return nullptr;
  };
  for (const Trial& t : front) {
    rows.push_back({{"trial", t.id},
                    {"accuracy", t.accuracy},
                    {"latency_ms", t.latency_ms()},
                    {"reward", t.reward},
                    {"params", count(t.params)},
                    {"madds", count(t.madds)},
                    {"genotype", to_text(t.genotype)},
                    {"architecture", to_yaml(t.architecture)}});
    for (const auto& latency : t.additional_latencies())
      rows.back()["latency_ms_" + latency.accelerator] = latency.ms;
  }
  std::cout << rows.dump(2) << "\n";
}

Series points_of(const std::string& name, const std::vector<Trial>& trials, Marker marker) {
  Series series{.name = name, .x = {}, .y = {}, .line = false, .marker = marker};
  for (const Trial& t : trials) {
    series.x.push_back(t.latency_ms());
    series.y.push_back(100 * t.accuracy);
  }
  return series;
}

/// Upright, as high as the points.
Series target_line(const Plot& plot, const ExperimentConfig& config) {
  std::vector<double> all;
  for (const Series& series : plot.series) all.insert(all.end(), series.y.begin(), series.y.end());
  const auto [low, high] = std::minmax_element(all.begin(), all.end());
  const double target = config.reward.target_ms;
  return {.name = "target " + format_ms(target),
          .x = {target, target},
          .y = {*low, *high},
          .dashed = true};
}

Plot front_plot(RunDirectory& run, const std::vector<Trial>& trials,
                const std::vector<Trial>& front, const Trial& best) {
  const ExperimentConfig& config = run.config();
  std::vector<Trial> beaten;
  for (const Trial& t : trials) {
    const bool on_front = std::any_of(front.begin(), front.end(),
                                      [&](const Trial& other) { return other.id == t.id; });
    if (t.status == TrialStatus::kComplete && !on_front) beaten.push_back(t);
  }
  Plot plot{.title = config.name + ": accuracy and latency of " +
                     std::to_string(beaten.size() + front.size()) + " trials",
            .x = {.label = "latency (ms), batch " + std::to_string(config.latency.batch),
                  .kind = AxisKind::kLog},
            .y = {.label = "accuracy (%)"},
            .series = {}};
  if (!beaten.empty()) plot.series.push_back(points_of("trials", beaten, Marker::kCircle));
  Series line = points_of("front", front, Marker::kDiamond);
  line.line = line.steps = true;
  const bool labelled = front.size() <= kLabelled;
  if (labelled) {
    for (const Trial& t : front) line.labels.push_back(std::to_string(t.id));
  }
  plot.series.push_back(std::move(line));
  plot.series.push_back(
      points_of("highest reward: trial " + std::to_string(best.id), {best}, Marker::kSquare));
  if (config.latency.kind != LatencyKind::kNone) plot.series.push_back(target_line(plot, config));
  plot.note = "latency by " + enum_name(config.latency.kind) +
              (labelled ? "; labels are trials" : "") + "; accuracy as measured in the trial";
  return plot;
}

}  // namespace

void pareto_command(const ParetoOptions& options) {
  if (options.csv && options.json)
    throw Error(ErrorKind::kUsage, "--csv and --json exclude each other");
  RunDirectory run = RunDirectory::read(options.run);
  const auto trials = run.store().trials(Phase::kSearch, /*architectures=*/options.json);
  const auto front = front_of(trials);
  if (front.empty()) {
    throw Error(ErrorKind::kInfeasible, options.run + ": the front is empty: none of its " +
                                            std::to_string(trials.size()) +
                                            " trials is complete; `ridgeline explain " +
                                            options.run + "` says how they failed");
  }
  if (options.csv) {
    print_front_csv(front);
  } else if (options.json) {
    print_front_json(front);
  } else {
    std::cout << front_table(front, trials.size());
  }
  if (options.svg.empty()) return;
  write_file_atomic(options.svg,
                    to_svg(front_plot(run, trials, front, winner_of(run.store())->trial)));
}

}  // namespace ridgeline
