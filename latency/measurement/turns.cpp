#include "latency/measurement/turns.h"

#include <algorithm>
#include <fstream>

#include "core/file.h"
#include "core/random.h"
#include "core/units.h"
#include "latency/measurement/csv_line.h"

namespace ridgeline {
namespace {

constexpr const char* kTurnHeader = "network,round,latency_ms,reference_ms,place,disturbed";
constexpr size_t kTurnColumns = 6;

}  // namespace

TurnFile::TurnFile(std::filesystem::path path, const RunPlace& place)
    : path_(std::move(path)),
      place_(plain_field(std::to_string(place.batch) + "; " + enum_name(place.precision) + "; " +
                         place.device_text() + "; " + enum_name(place.memory_format))) {
  std::string text = std::string(kTurnHeader) + "\n";
  if (std::filesystem::exists(path_)) {
    text = read_file(path_);
    text.resize(text.rfind('\n') + 1);  // a kill may have cut the last line
    read(text);
  }
  if (path_.has_parent_path()) make_folder(path_.parent_path());
  write_file_atomic(path_, text);
}

void TurnFile::read(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  if (line != kTurnHeader) {
    throw Error(ErrorKind::kData, path_.string() + ":1: its columns are '" + line +
                                      "'; only a file with '" + kTurnHeader + "' is continued");
  }
  for (int number = 2; std::getline(lines, line); ++number) {
    const std::string where = path_.string() + ":" + std::to_string(number) + ": ";
    const auto fields = split_fields(line);
    if (fields.size() != kTurnColumns) {
      throw Error(ErrorKind::kData, where + "has " + std::to_string(fields.size()) +
                                        " fields instead of " + std::to_string(kTurnColumns));
    }
    if (fields[4] != place_) {
      throw Error(ErrorKind::kData, where + "was measured at " + fields[4] + ", not at " + place_ +
                                        "; write to another file");
    }
    try {
      turns_[fields[0]].push_back(
          {std::stoi(fields[1]), std::stod(fields[2]), std::stod(fields[3]), fields[5]});
    } catch (const std::exception&) {
      throw Error(ErrorKind::kData, where + "round and times must be numbers");
    }
  }
}

void TurnFile::add(const std::string& network, const Turn& turn) {
  const std::string name = plain_field(network);
  std::ofstream file(path_, std::ios::app);
  file << name << "," << turn.round << "," << ConfigWriter::plain_number(turn.ms) << ","
       << ConfigWriter::plain_number(turn.reference_ms) << "," << place_ << ","
       << plain_field(turn.disturbed) << "\n"
       << std::flush;
  if (!file) throw Error(ErrorKind::kIo, path_.string() + ": cannot be written");
  turns_[name].push_back(turn);
}

const std::vector<Turn>& TurnFile::of(const std::string& network) const {
  static const std::vector<Turn> none;
  const auto found = turns_.find(plain_field(network));
  return found == turns_.end() ? none : found->second;
}

double TurnFile::nominal_ms() const {
  std::vector<double> quiet, all;
  for (const auto& [network, turns] : turns_) {
    for (const Turn& turn : turns) {
      all.push_back(turn.reference_ms);
      if (turn.disturbed.empty()) quiet.push_back(turn.reference_ms);
    }
  }
  return nominal_reference(quiet.empty() ? std::move(all) : std::move(quiet));
}

Timing TurnFile::timing(const std::string& network, double nominal_ms, double half_width) const {
  std::vector<double> quiet, all;
  std::string why;
  for (const Turn& turn : of(network)) {
    all.push_back(turn.ms * nominal_ms / turn.reference_ms);
    if (turn.disturbed.empty()) quiet.push_back(all.back());
    if (!turn.disturbed.empty()) why = turn.disturbed;
  }
  if (2 * quiet.size() >= all.size()) return judge(quiet, half_width);
  Timing timing = judge(all, half_width);
  timing.noise = std::to_string(all.size() - quiet.size()) + " of " + std::to_string(all.size()) +
                 " turns were disturbed: " + why;
  return timing;
}

RoundRules round_rules(const TimingRules& network, int rounds) {
  RoundRules rules;
  rules.rounds = rounds;
  rules.turn.max_runs = std::max(rules.turn.min_runs, network.max_runs / rounds);
  rules.turn.half_width = network.half_width;
  rules.turn.time_limit_s = network.time_limit_s / rounds;
  return rules;
}

void measure_in_rounds(const std::vector<RoundEntry>& entries, const RunPlace& place,
                       const RoundRules& rules, TurnFile& file,
                       const std::function<void(const std::string& name, const Turn& turn)>& done) {
  SteadyMeter meter(place);
  for (int round = 0; round < rules.rounds; ++round) {
    std::vector<const RoundEntry*> missing;
    for (const RoundEntry& entry : entries) {
      const auto& turns = file.of(entry.name);
      const bool has = std::any_of(turns.begin(), turns.end(),
                                   [&](const Turn& turn) { return turn.round == round; });
      if (!has) missing.push_back(&entry);
    }
    RandomStream stream(0, static_cast<uint64_t>(round), "latency round");
    for (size_t i = missing.size(); i > 1; --i)
      std::swap(missing[i - 1], missing[static_cast<size_t>(stream.below(static_cast<int>(i)))]);
    meter.measure(
        missing.size(),
        [&](size_t i) {
          DeviceRun run(place, missing[i]->network);
          return time_median(rules.turn, [&] { return run.run_ms(); });
        },
        [&](size_t i, const SteadyTiming& measured) {
          const Turn turn{round, measured.timing.median_ms, measured.reference_ms,
                          measured.disturbed};
          file.add(missing[i]->name, turn);
          if (done) done(missing[i]->name, turn);
        });
  }
}

}  // namespace ridgeline
