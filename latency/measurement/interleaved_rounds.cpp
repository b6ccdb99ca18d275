#include "latency/measurement/interleaved_rounds.h"

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

RoundFile::RoundFile(std::filesystem::path path, const RunPlace& place)
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

void RoundFile::read(const std::string& text) {
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
      results_[fields[0]].push_back(
          {std::stoi(fields[1]), std::stod(fields[2]), std::stod(fields[3]), fields[5]});
    } catch (const std::exception&) {
      throw Error(ErrorKind::kData, where + "round and times must be numbers");
    }
  }
}

void RoundFile::add(const std::string& network, const RoundResult& result) {
  const std::string name = plain_field(network);
  std::ofstream file(path_, std::ios::app);
  file << name << "," << result.round << "," << ConfigWriter::plain_number(result.ms) << ","
       << ConfigWriter::plain_number(result.reference_ms) << "," << place_ << ","
       << plain_field(result.disturbed) << "\n"
       << std::flush;
  if (!file) throw Error(ErrorKind::kIo, path_.string() + ": cannot be written");
  results_[name].push_back(result);
}

const std::vector<RoundResult>& RoundFile::of(const std::string& network) const {
  static const std::vector<RoundResult> none;
  const auto found = results_.find(plain_field(network));
  return found == results_.end() ? none : found->second;
}

double RoundFile::nominal_ms() const {
  std::vector<double> quiet, all;
  for (const auto& [network, results] : results_) {
    for (const RoundResult& result : results) {
      all.push_back(result.reference_ms);
      if (result.disturbed.empty()) quiet.push_back(result.reference_ms);
    }
  }
  return nominal_reference(quiet.empty() ? std::move(all) : std::move(quiet));
}

Timing RoundFile::timing(const std::string& network, double nominal_ms, double half_width) const {
  std::vector<double> quiet, all;
  std::string why;
  for (const RoundResult& result : of(network)) {
    all.push_back(result.ms * nominal_ms / result.reference_ms);
    if (result.disturbed.empty()) quiet.push_back(all.back());
    if (!result.disturbed.empty()) why = result.disturbed;
  }
  if (2 * quiet.size() >= all.size()) return judge(quiet, half_width);
  Timing timing = judge(all, half_width);
  timing.noise = std::to_string(all.size() - quiet.size()) + " of " + std::to_string(all.size()) +
                 " rounds were disturbed: " + why;
  return timing;
}

RoundRules round_rules(const TimingRules& network, int rounds) {
  RoundRules rules;
  rules.rounds = rounds;
  rules.per_round.max_runs = std::max(rules.per_round.min_runs, network.max_runs / rounds);
  rules.per_round.half_width = network.half_width;
  rules.per_round.time_limit_s = network.time_limit_s / rounds;
  return rules;
}

void measure_in_rounds(
    const std::vector<RoundEntry>& entries, const RunPlace& place, const RoundRules& rules,
    RoundFile& file,
    const std::function<void(const std::string& name, const RoundResult& result)>& done) {
  DriftMeter meter(place);
  for (int round = 0; round < rules.rounds; ++round) {
    std::vector<const RoundEntry*> missing;
    for (const RoundEntry& entry : entries) {
      const auto& results = file.of(entry.name);
      const bool has = std::any_of(results.begin(), results.end(), [&](const RoundResult& result) {
        return result.round == round;
      });
      if (!has) missing.push_back(&entry);
    }
    RandomStream stream(0, static_cast<uint64_t>(round), "latency round");
    for (size_t i = missing.size(); i > 1; --i)
      std::swap(missing[i - 1], missing[static_cast<size_t>(stream.below(static_cast<int>(i)))]);
    meter.measure(
        missing.size(),
        [&](size_t i) {
          DeviceRun run(place, missing[i]->network);
          return time_median(rules.per_round, [&] { return run.run_ms(); });
        },
        [&](size_t i, const CorrectedTiming& measured) {
          const RoundResult result{round, measured.timing.median_ms, measured.reference_ms,
                                   measured.disturbed};
          file.add(missing[i]->name, result);
          if (done) done(missing[i]->name, result);
        });
  }
}

}  // namespace ridgeline
