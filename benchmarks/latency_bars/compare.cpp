// Error of an oracle, or of a second measurement, on measured networks: reads files of `ridgeline
// latency measure` and prints MAPE, worst case and rank correlation with 95 % bootstrap intervals.

#include <algorithm>
#include <cmath>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>

#include "core/allocator.h"
#include "core/file.h"
#include "core/random.h"
#include "core/units.h"
#include "latency/calibration/metrics.h"
#include "latency/measurement/csv_line.h"
#include "latency/measurement/make_oracle.h"
#include "latency/measurement/table_oracle.h"

namespace ridgeline {
namespace {

namespace fs = std::filesystem;

struct Row {
  std::string network;  ///< path of its file, relative to the measurements
  double measured_ms = 0, ci_ms = 0, reference_ms = 0;
  double estimated_ms = 0;
  bool noisy = false;

  double error() const { return estimated_ms / measured_ms - 1; }
};

std::vector<Row> read_rows(const fs::path& path) {
  std::istringstream lines(read_file(path));
  std::string line;
  std::getline(lines, line);
  const auto columns = split_fields(line);
  std::vector<Row> rows;
  while (std::getline(lines, line)) {
    std::map<std::string, std::string> fields;
    const auto values = split_fields(line);
    for (size_t i = 0; i < std::min(columns.size(), values.size()); ++i)
      fields[columns[i]] = values[i];
    rows.push_back({.network = fields.at("network"),
                    .measured_ms = std::stod(fields.at("latency_ms")),
                    .ci_ms = std::stod(fields.at("ci_ms")),
                    .reference_ms = std::stod(fields.at("reference_ms")),
                    .noisy = !fields.at("noise").empty()});
  }
  if (rows.size() < 3) throw Error(ErrorKind::kData, path.string() + ": under 3 measurements");
  return rows;
}

Agreement agreement_of(const std::vector<Row>& rows, double factor) {
  std::vector<double> estimated, measured;
  for (const Row& row : rows) {
    estimated.push_back(factor * row.estimated_ms);
    measured.push_back(row.measured_ms);
  }
  return agreement(estimated, measured);
}

using Metric = std::function<double(const std::vector<Row>&)>;

std::string with_interval(const std::vector<Row>& rows, int digits, const Metric& metric) {
  constexpr int kDraws = 2000;
  RandomStream stream(0, 0, "bootstrap");
  std::vector<double> values;
  for (int draw = 0; draw < kDraws; ++draw) {
    std::vector<Row> drawn;
    for (size_t i = 0; i < rows.size(); ++i)
      drawn.push_back(rows[static_cast<size_t>(stream.below(static_cast<int>(rows.size())))]);
    values.push_back(metric(drawn));
  }
  std::sort(values.begin(), values.end());
  return format_fixed(metric(rows), digits) + " [" + format_fixed(values[kDraws / 40], digits) +
         ", " + format_fixed(values[kDraws - kDraws / 40], digits) + "]";
}

std::string mape_text(const std::vector<Row>& rows, double factor) {
  return "MAPE " +
         with_interval(rows, 2,
                       [&](const auto& drawn) { return 100 * agreement_of(drawn, factor).mape; }) +
         " %";
}

/// `reference_ms`: the speed that the estimates hold at; 0: unknown.
void print_agreement(std::vector<Row> rows, const std::string& title, double reference_ms) {
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return std::abs(a.error()) > std::abs(b.error());
  });
  const auto n = static_cast<double>(rows.size());
  double ci = 0, bias = 0;
  for (const Row& row : rows) {
    ci += 100 * row.ci_ms / row.measured_ms / n;
    bias += 100 * row.error() / n;
  }
  const auto noisy = std::count_if(rows.begin(), rows.end(), [](const Row& r) { return r.noisy; });
  std::cout << "\n"
            << title << "\n"
            << rows.size() << " networks, each measured to +-" << format_fixed(ci, 1)
            << " % on average, " << noisy << " of them noisy, reference "
            << format_ms(rows[0].reference_ms) << "\n"
            << mape_text(rows, 1) << ", mean error " << format_fixed(bias, 2) << " %\nSpearman "
            << with_interval(rows, 4, [](const auto& r) { return agreement_of(r, 1).spearman; })
            << "\n";
  if (reference_ms > 0) {
    std::cout << "at equal speed of the reference (the estimates' " << format_ms(reference_ms)
              << "): " << mape_text(rows, rows[0].reference_ms / reference_ms) << "\n";
  }
  std::cout << "worst:\n";
  for (size_t i = 0; i < std::min<size_t>(5, rows.size()); ++i) {
    std::cout << "  " << rows[i].network << ": measured " << format_ms(rows[i].measured_ms)
              << ", estimated " << format_ms(rows[i].estimated_ms) << " ("
              << format_fixed(100 * rows[i].error(), 1) << " %)\n";
  }
}

void write_errors(const fs::path& path, const std::vector<Row>& rows) {
  std::string text = "network,measured_ms,ci_ms,estimated_ms,error\n";
  for (const Row& row : rows) {
    text += fs::path(row.network).stem().string();
    for (const double value : {row.measured_ms, row.ci_ms, row.estimated_ms, row.error()})
      text += "," + format_fixed(value, 4);
    text += "\n";
  }
  write_file_atomic(path, text);
}

void compare_with_oracle(const std::string& kind, const std::string& source, const fs::path& file,
                         const std::string& errors) {
  LatencyConfig config;
  config.kind = enum_from_yaml<LatencyKind>(YamlView::word(kind, "oracle"));
  config.table = config.hardware = source;
  config.batch = 8;
  const auto oracle = make_oracle(config);
  std::vector<Row> rows = read_rows(file);
  for (Row& row : rows) {
    row.estimated_ms =
        oracle->estimate_architecture(load_architecture(file.parent_path() / row.network)).ms;
  }
  const bool table = config.kind == LatencyKind::kTable;
  print_agreement(rows, kind + ": " + oracle->description(),
                  table ? OperatorTable::load(source).reference_ms : 0);
  if (const auto* units = dynamic_cast<const TableOracle*>(oracle.get()))
    std::cout << units->measured_on_demand() << " operators measured on demand now\n";
  if (!errors.empty()) write_errors(errors, rows);
}

/// A measurement as the estimate of another one of the same networks.
void compare_measurements(const fs::path& again, const fs::path& file) {
  std::map<std::string, Row> first;
  for (const Row& row : read_rows(file)) first[fs::path(row.network).stem().string()] = row;
  std::vector<Row> rows;
  double reference_ms = 0;
  for (const Row& row : read_rows(again)) {
    Row both = first.at(fs::path(row.network).stem().string());
    both.estimated_ms = row.measured_ms;
    reference_ms = row.reference_ms;
    rows.push_back(both);
  }
  print_agreement(rows, "repeat: the same networks measured again, at another time", reference_ms);
}

int run(const std::vector<std::string>& arguments) {
  const bool repeat = arguments.size() == 3 && arguments[0] == "repeat";
  if (arguments.size() < 3 || arguments.size() > 4) {
    throw Error(ErrorKind::kUsage,
                "bench_latency_bars table TABLE.json FILE.csv [ERRORS.csv] | roofline HARDWARE "
                "FILE.csv [ERRORS.csv] | repeat AGAIN.csv FILE.csv");
  }
  if (repeat) {
    compare_measurements(arguments[1], arguments[2]);
  } else {
    compare_with_oracle(arguments[0], arguments[1], arguments[2],
                        arguments.size() > 3 ? arguments[3] : "");
  }
  return 0;
}

}  // namespace
}  // namespace ridgeline

int main(int argc, char** argv) {
  // As the program does: operators measured on demand must meet the same allocator.
  ridgeline::keep_freed_memory();
  try {
    return ridgeline::run({argv + 1, argv + argc});
  } catch (const ridgeline::Error& error) {
    std::cerr << "bench_latency_bars: " << error.what() << "\n";
    return error.exit_code();
  }
}
