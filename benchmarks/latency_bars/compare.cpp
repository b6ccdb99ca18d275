// How far an oracle is from measured networks: reads a file of `ridgeline latency measure`, prices
// its networks, and prints MAPE, worst case and rank correlations with 95 % bootstrap intervals.

#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <numeric>
#include <sstream>

#include "core/random.h"
#include "core/units.h"
#include "latency/factory.h"
#include "latency/table_oracle.h"

namespace ridgeline {
namespace {

struct Row {
  std::string network;
  double measured_ms = 0, ci_ms = 0, estimated_ms = 0;
};

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t i = 0; i < order.size();) {
    size_t end = i;
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    // Equal values share the mean of their ranks.
    for (size_t k = i; k < end; ++k) ranks[order[k]] = static_cast<double>(i + end - 1) / 2;
    i = end;
  }
  return ranks;
}

double spearman(const std::vector<Row>& rows) {
  std::vector<double> measured, estimated;
  for (const Row& row : rows) {
    measured.push_back(row.measured_ms);
    estimated.push_back(row.estimated_ms);
  }
  const auto x = ranks(measured), y = ranks(estimated);
  const double mean = static_cast<double>(rows.size() - 1) / 2;
  double xy = 0, xx = 0, yy = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

double error(const Row& row) { return row.estimated_ms / row.measured_ms - 1; }

double mape(const std::vector<Row>& rows) {
  double sum = 0;
  for (const Row& row : rows) sum += std::abs(error(row));
  return 100 * sum / static_cast<double>(rows.size());
}

using Metric = std::function<double(const std::vector<Row>&)>;

std::string with_interval(const std::vector<Row>& rows, const Metric& metric, int digits) {
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

std::vector<Row> read_rows(const std::filesystem::path& path, const LatencyOracle& oracle) {
  std::ifstream file(path);
  if (!file) throw Error(ErrorKind::kIo, path.string() + ": cannot be read");
  std::string line;
  std::getline(file, line);
  std::vector<Row> rows;
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string network, field;
    std::getline(fields, network, ',');
    for (int skipped = 0; skipped < 3; ++skipped) std::getline(fields, field, ',');
    Row row{.network = network};
    std::getline(fields, field, ',');
    row.measured_ms = std::stod(field);
    std::getline(fields, field, ',');
    row.ci_ms = std::stod(field);
    row.estimated_ms =
        oracle.estimate_architecture(load_architecture(path.parent_path() / network)).ms;
    rows.push_back(row);
  }
  if (rows.size() < 3) throw Error(ErrorKind::kData, path.string() + ": under 3 measurements");
  return rows;
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 3 || arguments.size() > 4) {
    throw Error(
        ErrorKind::kUsage,
        "bench_latency_bars table TABLE.json FILE.csv | roofline HARDWARE FILE.csv [BATCH]");
  }
  LatencyConfig config;
  config.kind = enum_from_yaml<LatencyKind>(YamlView::parse(arguments[0], "oracle"));
  config.table = config.hardware = arguments[1];
  config.batch = arguments.size() > 3 ? std::stoi(arguments[3]) : 8;
  const auto oracle = make_oracle(config);
  std::vector<Row> rows = read_rows(arguments[2], *oracle);
  std::sort(rows.begin(), rows.end(),
            [](const Row& a, const Row& b) { return std::abs(error(a)) > std::abs(error(b)); });
  double ci = 0, bias = 0;
  for (const Row& row : rows) {
    ci += 100 * row.ci_ms / row.measured_ms / static_cast<double>(rows.size());
    bias += 100 * error(row) / static_cast<double>(rows.size());
  }
  std::cout << oracle->description() << "\n"
            << rows.size() << " networks, each measured to +-" << format_fixed(ci, 1)
            << " % on average\n"
            << "MAPE " << with_interval(rows, mape, 2) << " %, mean error " << format_fixed(bias, 2)
            << " %\nSpearman " << with_interval(rows, spearman, 4) << "\nworst:\n";
  for (size_t i = 0; i < std::min<size_t>(5, rows.size()); ++i) {
    std::cout << "  " << rows[i].network << ": measured " << format_ms(rows[i].measured_ms)
              << ", estimated " << format_ms(rows[i].estimated_ms) << " ("
              << format_fixed(100 * error(rows[i]), 1) << " %)\n";
  }
  if (const auto* table = dynamic_cast<const TableOracle*>(oracle.get()))
    std::cout << table->measured_on_demand() << " operators measured on demand\n";
  return 0;
}

}  // namespace
}  // namespace ridgeline

int main(int argc, char** argv) {
  // As the program does: operators measured on demand must meet the same allocator.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, 64 << 20);
  try {
    return ridgeline::run({argv + 1, argv + argc});
  } catch (const ridgeline::Error& error) {
    std::cerr << "bench_latency_bars: " << error.what() << "\n";
    return error.exit_code();
  }
}
