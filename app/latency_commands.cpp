#include <algorithm>
#include <cmath>
#include <iostream>
#include <optional>

#include "app/latency_commands.h"
#include "core/config_path.h"
#include "core/logging.h"
#include "core/progress.h"
#include "core/units.h"
#include "latency/measurement/measurement_file.h"
#include "latency/measurement/table_builder.h"
#include "latency/measurement/table_oracle.h"
#include "runtime/device.h"

namespace ridgeline {
namespace {

LatencyConfig config_of(const PlaceOptions& options) {
  LatencyConfig config;
  config.kind = LatencyKind::kMeasured;
  config.measured.device = options.device;
  if (options.threads < 1) throw Error(ErrorKind::kUsage, "--threads: must be at least 1");
  if (options.batch < 1) throw Error(ErrorKind::kUsage, "--batch: must be at least 1");
  if (!(options.half_width > 0)) throw Error(ErrorKind::kUsage, "--confidence-width: must be > 0");
  if (!(options.time_limit_s > 0)) throw Error(ErrorKind::kUsage, "--time-limit: must be > 0");
  config.timing.confidence_width = options.half_width;
  config.timing.time_limit_s = options.time_limit_s;
  config.measured.threads = options.threads;
  config.batch = options.batch;
  config.precision = enum_from_yaml<Precision>(YamlView::word(options.precision, "--precision"));
  config.measured.memory_format =
      enum_from_yaml<MemoryFormat>(YamlView::word(options.memory_format, "--memory-format"));
  return config;
}

RoundRules rounds_of(const PlaceOptions& options, const LatencyConfig& config) {
  if (options.rounds < 1) throw Error(ErrorKind::kUsage, "--rounds: must be at least 1");
  return round_rules(timing_rules(config.timing), options.rounds);
}

SamplingPlan sample_of(const SampleOptions& options) {
  if (options.samples < 1) throw Error(ErrorKind::kUsage, "--samples: must be at least 1");
  return {options.samples, options.seed, options.resolutions};
}

std::string term_text(const WholeNetworkTerm& term) {
  if (term.networks == 0) return "whole network: the plain sum, compared with no measured network";
  return "whole network: " + format_fixed(term.scale, 4) + " x sum " +
         (term.offset_ms < 0 ? "- " : "+ ") + format_ms(std::abs(term.offset_ms)) + ", over " +
         std::to_string(term.networks) + " networks off by " + format_fixed(100 * term.mape, 1) +
         " %, " + format_fixed(100 * term.held_out_mape, 1) + " % where left out of the fit";
}

}  // namespace

void build_table_command(const BuildTableOptions& options) {
  const LatencyConfig config = config_of(options.place);
  const SearchSpace space = SearchSpace::load(find_config("spaces", options.sample.space));
  const SamplingPlan operators = sample_of(options.sample);
  // Streams of their own: neither fits nor coverage may look at the networks of the other.
  const SamplingPlan whole{options.networks, operators.seed + 1, operators.resolutions};
  const SamplingPlan fresh{50, operators.seed + 2, operators.resolutions};
  std::optional<ProgressBar> bar;
  const auto observer = [&](int done, int total, const std::string& what) {
    if (done == 0) bar.emplace("latency table", total);
    bar->update(done, what);
    if (done == total) bar.reset();
  };
  const OperatorTable table =
      build_table(space, RunPlace::of(config),
                  {operators, whole, unit_rules(config.timing), rounds_of(options.place, config)},
                  options.out, observer);
  std::cout << options.out << ": " << table.operators.size() << " operators on " << table.device
            << ", batch " << table.place.batch << ", " << enum_name(table.place.precision) << "\n"
            << term_text(table.term) << "\n"
            << "of the operators of other random networks it has "
            << format_fixed(100 * coverage(table, space, fresh), 1) << " %\n";
}

void measure_command(const MeasureOptions& options) {
  const LatencyConfig config = config_of(options.place);
  const RunPlace place = RunPlace::of(config);
  const SearchSpace space = SearchSpace::load(find_config("spaces", options.sample.space));
  const auto architectures = sample_architectures(space, sample_of(options.sample));
  MeasurementFile file(options.out, place);
  const std::filesystem::path out = options.out;
  RoundFile rounds(out.parent_path() / (out.stem().string() + "_rounds.csv"), place);
  const RoundRules rules = rounds_of(options.place, config);
  std::vector<RoundEntry> entries;
  int recorded = 0;
  for (const Architecture& architecture : architectures) {
    entries.push_back({architecture.name, lower(architecture)});
    recorded += std::min(rules.rounds, static_cast<int>(rounds.of(architecture.name).size()));
  }
  warn_if_blas_is_slow();
  ProgressBar bar("latency", options.sample.samples * rules.rounds, recorded);
  int done = recorded;
  measure_in_rounds(entries, place, rules, rounds,
                    [&](const std::string&, const RoundResult& result) {
                      bar.update(++done, format_ms(result.ms));
                    });
  bar.finish();
  int noisy = 0;
  const double nominal_ms = rounds.nominal_ms();
  for (const Architecture& architecture : architectures) {
    const Timing timing = rounds.timing(architecture.name, nominal_ms, rules.per_round.half_width);
    noisy += !timing.noise.empty();
    file.put(architecture, space.name(), timing, nominal_ms);
  }
  file.save();
  std::cout << options.out << ": " << file.size() << " networks of " << space.name() << " on "
            << place.device_text() << " at the speed at which the reference takes "
            << format_ms(nominal_ms) << ", " << noisy << " of " << architectures.size()
            << " less sure than asked (column noise)\n";
}

}  // namespace ridgeline
