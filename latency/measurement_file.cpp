#include "latency/measurement_file.h"

#include <algorithm>
#include <sstream>

#include "core/file.h"

namespace ridgeline {
namespace {

constexpr const char* kHeader =
    "network,resolution,batch,precision,latency_ms,ci_ms,family,device,noise";
constexpr size_t kColumns = 9;

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields{""};
  for (const char c : line) {
    if (c == ',') {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

/// Without what would need quotes in CSV.
std::string plain(std::string text) {
  for (char& c : text) {
    if (c == ',' || c == '"' || c == '\n') c = ';';
  }
  return text;
}

}  // namespace

MeasurementFile::MeasurementFile(std::filesystem::path path, const RunPlace& place)
    : path_(std::move(path)), place_(place), text_(std::string(kHeader) + "\n") {
  if (!std::filesystem::exists(path_)) return;
  text_ = read_file(path_);
  std::istringstream lines(text_);
  std::string line;
  std::getline(lines, line);
  if (line != kHeader) {
    throw Error(ErrorKind::kData, path_.string() + ":1: its columns are '" + line +
                                      "'; only a file with '" + kHeader + "' is continued");
  }
  for (int number = 2; std::getline(lines, line); ++number) {
    const auto fields = split(line);
    const std::string where = path_.string() + ":" + std::to_string(number) + ": ";
    if (fields.size() != kColumns)
      throw Error(ErrorKind::kData, where + "has " + std::to_string(fields.size()) +
                                        " fields instead of " + std::to_string(kColumns));
    const std::string measured_at = fields[2] + "," + fields[3] + "," + fields[7];
    if (measured_at != place_columns()) {
      throw Error(ErrorKind::kData, where + "was measured at " + measured_at + ", not at " +
                                        place_columns() + "; write to another file");
    }
    try {
      rows_[fields[0]] = std::stod(fields[4]);
    } catch (const std::exception&) {
      throw Error(ErrorKind::kData, where + "latency_ms: '" + fields[4] + "' is not a number");
    }
  }
}

std::string MeasurementFile::place_columns() const {
  return std::to_string(place_.batch) + "," + enum_name(place_.precision) + "," +
         plain(place_.device_text() + "; " + enum_name(place_.memory_format));
}

std::string MeasurementFile::key(const Architecture& architecture) const {
  return path_.stem().string() + "_networks/" + plain(architecture.name) + ".yaml";
}

bool MeasurementFile::has(const Architecture& architecture) const {
  return rows_.contains(key(architecture));
}

double MeasurementFile::latency_ms(const Architecture& architecture) const {
  return rows_.at(key(architecture));
}

void MeasurementFile::add(const Architecture& architecture, const std::string& family,
                          const Timing& timing) {
  const std::string network = key(architecture);
  const std::filesystem::path file = path_.parent_path() / network;
  make_folder(file.parent_path());
  write_file_atomic(file, to_yaml(architecture));
  const auto place = split(place_columns());
  text_ += network + "," + std::to_string(architecture.resolution) + "," + place[0] + "," +
           place[1] + "," + ConfigWriter::plain_number(timing.median_ms) + "," +
           ConfigWriter::plain_number((timing.high_ms - timing.low_ms) / 2) + "," + plain(family) +
           "," + place[2] + "," + plain(timing.noise) + "\n";
  write_file_atomic(path_, text_);
  rows_[network] = timing.median_ms;
}

}  // namespace ridgeline
