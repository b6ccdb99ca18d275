#include "latency/measurement/measurement_file.h"

#include <algorithm>
#include <sstream>

#include "core/file.h"
#include "latency/measurement/csv_line.h"

namespace ridgeline {
namespace {

constexpr const char* kHeader =
    "network,resolution,batch,precision,latency_ms,ci_ms,family,device,noise,reference_ms";
constexpr size_t kColumns = 10;

}  // namespace

MeasurementFile::MeasurementFile(std::filesystem::path path, const RunPlace& place)
    : path_(std::move(path)), place_(place) {
  if (!std::filesystem::exists(path_)) return;
  std::istringstream lines(read_file(path_));
  std::string line;
  std::getline(lines, line);
  if (line != kHeader) {
    throw Error(ErrorKind::kData, path_.string() + ":1: its columns are '" + line +
                                      "'; only a file with '" + kHeader + "' is continued");
  }
  for (int number = 2; std::getline(lines, line); ++number) {
    const auto fields = split_fields(line);
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
      rows_[fields[0]] = {std::stod(fields[4]), line};
    } catch (const std::exception&) {
      throw Error(ErrorKind::kData, where + "latency_ms: '" + fields[4] + "' is not a number");
    }
  }
}

std::string MeasurementFile::place_columns() const {
  return std::to_string(place_.batch) + "," + enum_name(place_.precision) + "," +
         plain_field(place_.device_text() + "; " + enum_name(place_.memory_format));
}

std::string MeasurementFile::key(const Architecture& architecture) const {
  return path_.stem().string() + "_networks/" + plain_field(architecture.name) + ".yaml";
}

bool MeasurementFile::has(const Architecture& architecture) const {
  return rows_.contains(key(architecture));
}

double MeasurementFile::latency_ms(const Architecture& architecture) const {
  return rows_.at(key(architecture)).ms;
}

void MeasurementFile::put(const Architecture& architecture, const std::string& family,
                          const Timing& timing, double reference_ms) {
  const std::string network = key(architecture);
  const std::filesystem::path file = path_.parent_path() / network;
  make_folder(file.parent_path());
  write_file_atomic(file, to_yaml(architecture));
  const auto place = split_fields(place_columns());
  const std::string line = network + "," + std::to_string(architecture.resolution) + "," +
                           place[0] + "," + place[1] + "," +
                           ConfigWriter::plain_number(timing.median_ms) + "," +
                           ConfigWriter::plain_number((timing.high_ms - timing.low_ms) / 2) + "," +
                           plain_field(family) + "," + place[2] + "," + plain_field(timing.noise) +
                           "," + ConfigWriter::plain_number(reference_ms);
  rows_[network] = {timing.median_ms, line};
}

void MeasurementFile::save() const {
  std::string text = std::string(kHeader) + "\n";
  for (const auto& [network, row] : rows_) text += row.line + "\n";
  write_file_atomic(path_, text);
}

}  // namespace ridgeline
