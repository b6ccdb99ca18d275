#include "latency/measurement/table_oracle.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/logging.h"
#include "core/units.h"
#include "latency/work.h"
#include "network/cost.h"

namespace ridgeline {
namespace {

/// Instances of a host network that run alternately, so that no run finds its weights in a core's
/// own cache: in a whole network, other layers' came in between. They may stay in the cache that
/// cores share, as most networks' do.
int copies_of(const Network& network, Precision precision) {
  constexpr double kCoreCacheBytes = 4 << 20;
  constexpr int kMost = 8;
  const double bytes =
      static_cast<double>(cost(network).total.weight_elements) * bytes_per_element(precision);
  return std::clamp(static_cast<int>(std::ceil(kCoreCacheBytes / std::max(1.0, bytes))), 1, kMost);
}

}  // namespace

TimingRules unit_rules(const TimingConfig& config) {
  TimingRules rules = timing_rules(config);
  rules.half_width = std::max(0.03, rules.half_width);
  rules.max_runs = std::min(25, rules.max_runs);
  rules.time_limit_s = std::min(0.5, rules.time_limit_s);
  rules.attempts = 1;
  return rules;
}

Timing UnitTimer::measure(const Network& network, const Unit& unit) const {
  const HostNetwork host = host_network_of(network, unit);
  RunPlace place = place_;
  place.batch *= static_cast<int>(host.images);
  const int copies = copies_of(host.network, place.precision);
  DeviceRun run(place, host.network, copies);
  TimingRules rules = rules_;
  rules.warmup = std::max(rules.warmup, copies);  // each instance once
  return time_median(rules, [&] {
    const std::vector<double> nodes_ms = run.run_nodes_ms();
    double ms = 0;
    for (const int node : host.timed) ms += nodes_ms[static_cast<size_t>(node)];
    return ms;
  });
}

OperatorEntry entry_of(const CorrectedTiming& measured) {
  const Timing& timing = measured.timing;
  return {timing.median_ms,
          timing.low_ms,
          timing.high_ms,
          timing.runs,
          !timing.noise.empty() || !measured.disturbed.empty(),
          measured.reference_ms};
}

TableOracle::TableOracle(const LatencyConfig& config)
    : path_(config.table), rules_(unit_rules(config.timing)) {
  if (path_.empty()) {
    throw Error(ErrorKind::kConfig,
                "latency.table: latency.kind table needs a file that `ridgeline latency "
                "build-table` wrote");
  }
  table_ = OperatorTable::load(path_);
  const auto refuse = [&](const char* key, const std::string& asked, const std::string& has) {
    throw Error(ErrorKind::kConfig, std::string("latency.") + key + ": " + asked +
                                        " is asked, but table " + path_.string() +
                                        " was measured at " + has + "; valid: " + has);
  };
  if (config.batch != table_.place.batch)
    refuse("batch", std::to_string(config.batch), std::to_string(table_.place.batch));
  if (config.precision && *config.precision != table_.place.precision)
    refuse("precision", enum_name(*config.precision), enum_name(table_.place.precision));
  here_ = table_.measured_here();
}

std::string TableOracle::description() const {
  return table_.device + ", batch " + std::to_string(table_.place.batch) + ", " +
         enum_name(table_.place.precision) + ", " + enum_name(table_.place.memory_format) +
         ", table of " + std::to_string(table_.operators.size()) + " operators" +
         (table_.term.networks > 0 ? ", whole networks known to +-" +
                                         format_fixed(100 * table_.term.held_out_mape, 1) + " %"
                                   : "") +
         (here_ ? "" : ", not measured on this machine");
}

void TableOracle::measure_missing(const Network& network, const std::vector<Unit>& units) const {
  std::vector<const Unit*> missing;
  std::set<std::string> seen;
  for (const Unit& unit : units) {
    if (!table_.operators.contains(unit.signature) && seen.insert(unit.signature).second)
      missing.push_back(&unit);
  }
  if (missing.empty()) return;
  if (!here_) {
    throw Error(ErrorKind::kConfig,
                "latency table " + path_.string() + " lacks '" + missing[0]->signature + "' (" +
                    network.node(missing[0]->nodes[0]).name + " of " + network.name() +
                    "), and this machine is not its device (" + table_.device +
                    "): extend it there with `ridgeline latency build-table`");
  }
  const UnitTimer timer(table_.place, rules_);
  DriftMeter(table_.place)
      .measure(
          missing.size(), [&](size_t i) { return timer.measure(network, *missing[i]); },
          [&](size_t i, const CorrectedTiming& measured) {
            table_.operators.emplace(missing[i]->signature, entry_of(measured));
          });
  if (table_.reference_ms <= 0) table_.settle_speed();
  measured_ += static_cast<int>(missing.size());
  spdlog::debug("latency table: {} operators of {} measured on demand", missing.size(),
                network.name());
  table_.save(path_);
}

Latency TableOracle::estimate(const Network& network) const {
  const std::vector<Unit> units = units_of(network);
  measure_missing(network, units);
  double sum = 0, variance = 0;
  for (const Unit& unit : units) {
    const OperatorEntry known = table_.at_speed(table_.operators.at(unit.signature));
    sum += known.ms;
    variance += std::pow((known.high_ms - known.low_ms) / 2, 2);
  }
  // Units err independently; the whole-network term errs for all alike.
  const double ms = table_.term.apply(sum);
  const double half =
      std::hypot(table_.term.scale * std::sqrt(variance), ms * table_.term.held_out_mape);
  Latency latency{.ms = ms,
                  .batch = table_.place.batch,
                  .precision = table_.place.precision,
                  .device = table_.device,
                  .method = "table",
                  .low_ms = std::max(0.0, ms - half),
                  .high_ms = ms + half};
  count_work(network, latency);
  return latency;
}

}  // namespace ridgeline
