#include "latency/table_builder.h"

#include <algorithm>
#include <chrono>

#include "core/logging.h"
#include "latency/table_oracle.h"

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
    const UnitTimer timer(table_.place, build_.unit_rules);
    int done = 0;
    for (const auto& [signature, what] : missing) {
      table_.operators[signature] = timer.measure(networks[what.network], what.unit);
      save_now_and_then();
      if (observer_) observer_(++done, static_cast<int>(missing.size()), signature);
    }
    table_.save(path_);
  }

  double sum_of_units(const Network& network) const {
    double sum = 0;
    for (const Unit& unit : units_of(network)) sum += table_.operators.at(unit.signature).ms;
    return sum;
  }

  void measure_networks(const std::vector<Network>& networks) {
    int done = 0;
    for (const Network& network : networks) {
      const auto known = std::find_if(table_.networks.begin(), table_.networks.end(),
                                      [&](const auto& n) { return n.network == network.name(); });
      if (known == table_.networks.end()) {
        DeviceRun run(table_.place, network);
        const Timing timing = time_median(build_.network_rules, [&] { return run.run_ms(); });
        if (!timing.noise.empty())
          spdlog::warn("latency table: {}: {}", network.name(), timing.noise);
        table_.networks.push_back({network.name(), sum_of_units(network), timing.median_ms});
        save_now_and_then();
      }
      if (observer_) observer_(++done, static_cast<int>(networks.size()), network.name());
    }
    table_.term = fit_whole_network_term(table_.networks);
    table_.save(path_);
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
