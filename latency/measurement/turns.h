#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "latency/measurement/steady.h"

namespace ridgeline {

/// A network's share of one round.
struct Turn {
  int round = 0;
  double ms = 0;            ///< median of its runs, as measured
  double reference_ms = 0;  ///< of `SpeedReference` about then
  std::string disturbed = {};
};

/// Turns of whole networks at one place as CSV, `network,round,latency_ms,reference_ms,place,
/// disturbed`: each is on disk once `add` returns, and a line that was cut off is left out.
class TurnFile {
 public:
  /// Takes up a file that is there. Throws `kData` where it is none, or of another place.
  TurnFile(std::filesystem::path path, const RunPlace& place);

  void add(const std::string& network, const Turn& turn);  ///< throws `kIo`
  const std::vector<Turn>& of(const std::string& network) const;
  /// `nominal_reference` of the turns that were not disturbed, or of all where all were; 0: none.
  double nominal_ms() const;
  /// The median of a network's undisturbed turns, each at the speed at which the reference takes
  /// `nominal_ms`, with its interval (the whole range of fewer than 6). Noisy where over half of
  /// the turns were disturbed, which then all count. REQUIRES: it has turns.
  Timing timing(const std::string& network, double nominal_ms, double half_width) const;

 private:
  void read(const std::string& text);

  std::filesystem::path path_;
  std::string place_;
  std::map<std::string, std::vector<Turn>> turns_;
};

/// A network and the name that its turns go by.
struct RoundEntry {
  std::string name;
  Network network;
};

struct RoundRules {
  int rounds = 5;
  TimingRules turn = {.warmup = 1, .min_runs = 3, .time_limit_s = 1, .attempts = 1};
};

/// The shares of `rounds` rounds that rules for one network's runs leave to each.
RoundRules round_rules(const TimingRules& network, int rounds);

/// Runs the turns that `file` lacks, round by round, each in an order of its own: a slow minute
/// falls on a few turns of many networks, not on all runs of one. `done` hears of each.
void measure_in_rounds(const std::vector<RoundEntry>& entries, const RunPlace& place,
                       const RoundRules& rules, TurnFile& file,
                       const std::function<void(const std::string& name, const Turn& turn)>& done);

}  // namespace ridgeline
