#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "latency/measurement/drift_correction.h"

namespace ridgeline {

/// What one round measured of a network.
struct RoundResult {
  int round = 0;
  double ms = 0;            ///< median of its runs, as measured
  double reference_ms = 0;  ///< of `SpeedReference` about then
  std::string disturbed = {};
};

/// Round results of whole networks at one place as CSV,
/// `network,round,latency_ms,reference_ms,place, disturbed`: each is on disk once `add` returns,
/// and a line that was cut off is left out.
class RoundFile {
 public:
  /// Takes up a file that is there. Throws `kData` where it is none, or of another place.
  RoundFile(std::filesystem::path path, const RunPlace& place);

  void add(const std::string& network, const RoundResult& result);  ///< throws `kIo`
  const std::vector<RoundResult>& of(const std::string& network) const;
  /// `nominal_reference` of the results that were not disturbed, or of all where all were; 0: none.
  double nominal_ms() const;
  /// The median of a network's undisturbed results, each at the speed at which the reference takes
  /// `nominal_ms`, with its interval (the whole range of fewer than 6). Noisy where over half of
  /// the results were disturbed, which then all count. REQUIRES: it has results.
  Timing timing(const std::string& network, double nominal_ms, double half_width) const;

 private:
  void read(const std::string& text);

  std::filesystem::path path_;
  std::string place_;
  std::map<std::string, std::vector<RoundResult>> results_;
};

/// A network and the name of its results.
struct RoundEntry {
  std::string name;
  Network network;
};

struct RoundRules {
  int rounds = 5;
  TimingRules per_round = {.warmup = 1, .min_runs = 3, .time_limit_s = 1, .attempts = 1};
};

/// The shares of `rounds` rounds that rules for one network's runs leave to each.
RoundRules round_rules(const TimingRules& network, int rounds);

/// Measures what `file` lacks, round by round, each round in an order of its own: a slow minute
/// then disturbs a few runs of many networks, not all runs of one. Calls `done` after each result.
void measure_in_rounds(
    const std::vector<RoundEntry>& entries, const RunPlace& place, const RoundRules& rules,
    RoundFile& file,
    const std::function<void(const std::string& name, const RoundResult& result)>& done);

}  // namespace ridgeline
