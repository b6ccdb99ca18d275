#include "latency/calibration/measurements.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "latency/calibration/adapters.h"
#include "network/published/known_networks.h"

namespace ridgeline {
namespace {

struct Condition {
  std::string key, value;
};

std::vector<Condition> parse_selection(const std::vector<std::string>& selection) {
  std::vector<Condition> conditions;
  for (const std::string& text : selection) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Error(ErrorKind::kUsage, "--select: '" + text + "' is not COLUMN=VALUE");
    }
    conditions.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return conditions;
}

int whole_number(const CsvTable& table, size_t row, const std::string& column) {
  const double value = table.number(row, column);
  if (value < 1 || value > 1e6 || value != std::floor(value)) {
    throw Error(ErrorKind::kData, table.where(row) + ": " + column +
                                      ": must be a whole number above 0, is " +
                                      table.text(row, column));
  }
  return static_cast<int>(value);
}

/// Leaves `build` empty and says why in `network` where there is no such network.
void find_network(const CsvTable& table, size_t row, Measurement& measurement) {
  const int resolution = whole_number(table, row, "resolution");
  if (!measurement.network.ends_with(".yaml")) {
    try {
      set_known_network(find_known_network(measurement.network).name, resolution, measurement);
    } catch (const Error& error) {
      measurement.network = error.what();
    }
    return;
  }
  const auto path = std::filesystem::path(table.source()).parent_path() / measurement.network;
  if (!std::filesystem::exists(path)) {
    measurement.network = "no architecture file " + path.string();
    return;
  }
  measurement.build = [path = path.string(), resolution] { return load_network(path, resolution); };
}

/// How sure a row is. A text in `noise` counts as a standard deviation of 10 %.
double spread_of(const CsvTable& table, size_t row, double latency_ms) {
  constexpr double kNoisy = 0.1, kIntervalWidths = 1.96;
  double spread = 0;
  if (table.has("ci_ms") && !table.text(row, "ci_ms").empty() && latency_ms > 0)
    spread = std::max(0.0, table.number(row, "ci_ms")) / latency_ms / kIntervalWidths;
  if (!table.has("noise") || table.text(row, "noise").empty()) return spread;
  const std::string& noise = table.text(row, "noise");
  const bool number = noise.find_first_not_of("0123456789.eE+-") == std::string::npos;
  return std::max(spread, number ? std::abs(table.number(row, "noise")) : kNoisy);
}

std::vector<Measurement> read_own_layout(const CsvTable& table, size_t row) {
  Measurement measurement;
  measurement.network = table.text(row, "network");
  measurement.batch = whole_number(table, row, "batch");
  measurement.precision = enum_from_yaml<Precision>(
      YamlView::word(table.text(row, "precision"), table.where(row) + ": precision"));
  measurement.latency_ms = table.number(row, "latency_ms");
  if (table.has("family")) measurement.family = table.text(row, "family");
  if (table.has("device")) measurement.device = table.text(row, "device");
  if (table.has("session")) measurement.session = table.text(row, "session");
  if (table.has("set_aside")) measurement.set_aside = table.text(row, "set_aside");
  measurement.spread = spread_of(table, row, measurement.latency_ms);
  find_network(table, row, measurement);
  // Networks of one space stand for themselves: there is no family to leave out as a whole.
  if (measurement.family.empty()) measurement.family = "all";
  return {measurement};
}

const TableLayout& own_layout() {
  static const TableLayout layout{
      "ridgeline", {"network", "resolution", "batch", "precision", "latency_ms"}, read_own_layout};
  return layout;
}

const TableLayout& layout_of(const CsvTable& table) {
  const auto fits = [&](const TableLayout& layout) {
    return std::all_of(layout.signature.begin(), layout.signature.end(),
                       [&](const std::string& column) { return table.has(column); });
  };
  if (fits(own_layout())) return own_layout();
  for (const TableLayout& layout : published_layouts()) {
    if (fits(layout)) return layout;
  }
  std::vector<std::string> missing;
  for (const std::string& column : own_layout().signature) {
    if (!table.has(column)) missing.push_back(column);
  }
  throw Error(ErrorKind::kData, table.source() + ": no column " + join(missing, " or ") +
                                    "; needed are " + join(own_layout().signature) +
                                    " (latency in ms of one batch), or the header of a published "
                                    "table (docs/latency.md)");
}

// "device" and "network" mean a column of that name or, where the layout makes it of others, what
// the measurement says.
bool meets(const CsvTable& table, size_t row, const Measurement* measurement,
           const Condition& condition) {
  const bool of_measurement = condition.key == "device" || condition.key == "network";
  if (of_measurement) {
    if (!measurement) return true;
    const std::string& says =
        condition.key == "device" ? measurement->device : measurement->network;
    if (says == condition.value || !table.has(condition.key)) return says == condition.value;
  }
  return table.text(row, condition.key) == condition.value;
}

bool meets(const CsvTable& table, size_t row, const Measurement* measurement,
           const std::vector<Condition>& conditions) {
  return std::all_of(conditions.begin(), conditions.end(), [&](const Condition& condition) {
    return meets(table, row, measurement, condition);
  });
}

void read_table(const CsvTable& table, const std::vector<Condition>& conditions,
                Measurements& result, std::set<std::string>& unknown,
                std::set<std::string>& devices) {
  const TableLayout& layout = layout_of(table);
  for (size_t row = 0; row < table.rows(); ++row) {
    if (!meets(table, row, nullptr, conditions)) continue;
    for (Measurement& measurement : layout.read(table, row)) {
      if (!measurement.device.empty()) devices.insert(measurement.device);
      if (!meets(table, row, &measurement, conditions)) continue;
      if (!(measurement.latency_ms > 0) || !std::isfinite(measurement.latency_ms)) {
        throw Error(ErrorKind::kData, table.where(row) + ": latency of " + measurement.network +
                                          " must be above 0 ms, is " +
                                          std::to_string(measurement.latency_ms));
      }
      measurement.place = table.where(row);
      if (!measurement.build) {
        unknown.insert(measurement.network);
        ++result.unknown_rows;
      } else if (!measurement.set_aside.empty()) {
        result.set_aside.push_back(std::move(measurement));
      } else {
        result.rows.push_back(std::move(measurement));
      }
    }
  }
}

void require_one_device(const Measurements& result) {
  std::set<std::string> devices;
  for (const Measurement& row : result.rows) devices.insert(row.device);
  if (devices.size() <= 1) return;
  throw Error(ErrorKind::kData, result.source +
                                    ": measurements of several devices or stacks; "
                                    "choose one with --select 'device=NAME': " +
                                    join({devices.begin(), devices.end()}));
}

}  // namespace

Measurements read_measurements(const std::vector<std::filesystem::path>& files,
                               const std::vector<std::string>& selection) {
  const auto conditions = parse_selection(selection);
  Measurements result;
  std::set<std::string> unknown, devices;
  std::vector<std::string> names;
  for (const auto& file : files) {
    names.push_back(file.filename().string());
    read_table(CsvTable::load(file), conditions, result, unknown, devices);
  }
  result.source = join(names, " + ");
  if (!selection.empty()) result.source += " (" + join(selection) + ")";
  result.unknown.assign(unknown.begin(), unknown.end());
  if (result.rows.empty() && result.unknown.empty()) {
    if (selection.empty()) throw Error(ErrorKind::kData, result.source + ": no rows");
    throw Error(
        ErrorKind::kUsage,
        result.source + ": no row meets the selection" +
            (devices.empty() ? "" : "; devices: " + join({devices.begin(), devices.end()})));
  }
  require_one_device(result);
  return result;
}

}  // namespace ridgeline
