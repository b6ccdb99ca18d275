#include "latency/measurement/table_builder.h"

#include <algorithm>
#include <chrono>

#include "core/logging.h"
#include "core/random.h"
#include "latency/measurement/table_oracle.h"

namespace ridgeline {
namespace {

using Clock = std::chrono::steady_clock;

OperatorTable open_table(const std::filesystem::path& path, const RunPlace& place) {
  OperatorTable here = OperatorTable::here(place);
  if (!std::filesystem::exists(path)) return here;
  OperatorTable table = OperatorTable::load(path);
  if (table.place == place && table.device == here.device && table.libraries == here.libraries)
    return table;
  const auto text = [](const OperatorTable& t) {
    return t.device + ", " + t.libraries + ", batch " + std::to_string(t.place.batch) + ", " +
           enum_name(t.place.precision) + ", " + enum_name(t.place.memory_format);
  };
  throw Error(ErrorKind::kConfig, "latency table " + path.string() + " was measured at " +
                                      text(table) + ", not at " + text(here) +
                                      "; write to another file");
}

class Builder {
 public:
  Builder(const SearchSpace& space, const TableBuild& build, const std::filesystem::path& path,
          const BuildObserver& observer, OperatorTable table)
      : space_(space), build_(build), path_(path), observer_(observer), table_(std::move(table)) {}

  OperatorTable run() {
    measure_units(lowered(build_.operators));
    const std::vector<Network> whole = lowered(build_.whole_networks);
    measure_units(whole);
    measure_networks(whole);
    return std::move(table_);
  }

 private:
  struct Missing {
    size_t network;
    Unit unit;
  };

  std::vector<Network> lowered(const SamplingPlan& sample) const {
    std::vector<Network> networks;
    if (sample.networks == 0) return networks;
    for (const auto& architecture : sample_architectures(space_, sample))
      networks.push_back(lower(architecture));
    return networks;
  }

  void measure_units(const std::vector<Network>& networks) {
    std::map<std::string, Missing> missing;
    for (size_t i = 0; i < networks.size(); ++i) {
      for (const Unit& unit : units_of(networks[i])) {
        if (!table_.operators.contains(unit.signature))
          missing.try_emplace(unit.signature, i, unit);
      }
    }
    std::vector<Missing> order;
    for (auto& [signature, what] : missing) order.push_back(std::move(what));
    // Units of one kind must not all meet the same minute.
    RandomStream stream(0, order.size(), "latency table");
    for (size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[static_cast<size_t>(stream.below(static_cast<int>(i)))]);
    const UnitTimer timer(table_.place, build_.unit_rules);
    table_.save(path_);  // a place that cannot be written is found out before anything is spent
    int done = 0;
    if (observer_ && !order.empty()) observer_(0, static_cast<int>(order.size()), "");
    DriftMeter(table_.place)
        .measure(
            order.size(),
            [&](size_t i) { return timer.measure(networks[order[i].network], order[i].unit); },
            [&](size_t i, const CorrectedTiming& measured) {
              const std::string& signature = order[i].unit.signature;
              table_.operators[signature] = entry_of(measured);
              save_now_and_then();
              if (observer_) observer_(++done, static_cast<int>(order.size()), signature);
            });
    table_.settle_speed();
    table_.save(path_);
  }

  double sum_of_units(const Network& network) const {
    double sum = 0;
    for (const Unit& unit : units_of(network))
      sum += table_.at_speed(table_.operators.at(unit.signature)).ms;
    return sum;
  }

  void measure_networks(const std::vector<Network>& networks) {
    RoundFile rounds(rounds_path(), table_.place);
    std::vector<RoundEntry> entries;
    for (const Network& network : networks) {
      if (!known(network)) entries.push_back({network.name(), network});
    }
    int done = 0;
    const int total = static_cast<int>(entries.size()) * build_.network_rounds.rounds;
    if (observer_ && total > 0) observer_(0, total, "");
    measure_in_rounds(entries, table_.place, build_.network_rounds, rounds,
                      [&](const std::string& name, const RoundResult&) {
                        if (observer_) observer_(++done, total, name);
                      });
    for (const RoundEntry& entry : entries) {
      const Timing timing = rounds.timing(entry.name, table_.reference_ms,
                                          build_.network_rounds.per_round.half_width);
      if (!timing.noise.empty()) spdlog::warn("latency table: {}: {}", entry.name, timing.noise);
      table_.networks.push_back({entry.name, sum_of_units(entry.network), timing.median_ms});
    }
    table_.term = fit_whole_network_term(table_.networks);
    table_.save(path_);
  }

  bool known(const Network& network) const {
    return std::any_of(table_.networks.begin(), table_.networks.end(),
                       [&](const auto& sample) { return sample.network == network.name(); });
  }

  /// Of the whole networks: "cpu_rounds.csv" beside "cpu.json".
  std::filesystem::path rounds_path() const {
    return path_.parent_path() / (path_.stem().string() + "_rounds.csv");
  }

  void save_now_and_then() {
    if (Clock::now() - saved_ < std::chrono::seconds(5)) return;
    table_.save(path_);
    saved_ = Clock::now();
  }

  const SearchSpace& space_;
  const TableBuild& build_;
  const std::filesystem::path& path_;
  const BuildObserver& observer_;
  OperatorTable table_;
  Clock::time_point saved_ = Clock::now();
};

}  // namespace

OperatorTable build_table(const SearchSpace& space, const RunPlace& place, const TableBuild& build,
                          const std::filesystem::path& path, const BuildObserver& observer) {
  return Builder(space, build, path, observer, open_table(path, place)).run();
}

double coverage(const OperatorTable& table, const SearchSpace& space, const SamplingPlan& sample) {
  int64_t known = 0, all = 0;
  for (const auto& architecture : sample_architectures(space, sample)) {
    for (const Unit& unit : units_of(lower(architecture))) {
      known += table.operators.contains(unit.signature);
      ++all;
    }
  }
  return static_cast<double>(known) / static_cast<double>(all);
}

}  // namespace ridgeline
