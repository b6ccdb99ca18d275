#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>

#include "app/commands.h"
#include "core/config_path.h"
#include "core/file.h"
#include "core/units.h"
#include "latency/calibration/provenance.h"
#include "latency/calibration/validation.h"

namespace ridgeline {
namespace {

std::string error_percent(double share) { return format_fixed(share * 100, 1); }

void print_rows_read(const Measurements& measurements, int fit_rows) {
  std::cout << measurements.source << ": " << measurements.rows.size() << " rows"
            << (fit_rows > 0 ? ", " + std::to_string(fit_rows) + " of them drawn" : "")
            << " to fit\n";
  for (const std::string& line : lines_set_aside(measurements)) {
    std::cout << "set aside: " << line << "\n";
  }
  if (measurements.unknown.empty()) return;
  constexpr size_t kNamed = 8;
  std::vector<std::string> some = measurements.unknown;
  if (some.size() > kNamed) some.resize(kNamed);
  std::cout << measurements.unknown_rows << " rows left out, of " << measurements.unknown.size()
            << " networks that cannot be built here: " << join(some)
            << (some.size() < measurements.unknown.size() ? ", ...\n" : "\n");
}

void print_fitted_constants(const Fit& fit) {
  TextTable table;
  table.header = {"before", "after", "x/", "prior", "x/", "prior left", "constant", "prior's why"};
  for (const FittedConstant& constant : fit.constants) {
    const Parameter& parameter = constant.parameter;
    table.rows.push_back(
        {format_fixed(constant.before, 3), format_fixed(constant.value, 3),
         format_fixed(std::exp(constant.spread), 2), format_fixed(parameter.centre, 2),
         format_fixed(std::exp(parameter.spread), 2),
         format_fixed(constant.of_prior * 100, 0) + " %", parameter.name, parameter.why});
  }
  std::cout << "\nconstants (x/: factor of one standard deviation; prior left near 100 %: these "
               "rows say nothing about it)\n"
            << table.str();
}

std::vector<std::string> error_table_row(const std::string& model, const Agreement& in,
                                         const Agreement& out) {
  return {error_percent(in.mape),       error_percent(in.worst),
          format_fixed(in.spearman, 3), error_percent(out.mape),
          error_percent(out.worst),     format_fixed(out.spearman, 3),
          format_fixed(out.kendall, 3), model};
}

void print_error_table(const std::vector<Sample>& samples, const Validation& validation) {
  TextTable table;
  table.header = {"in-sample %", "worst %",  "Spearman", "held-out %",
                  "worst %",     "Spearman", "Kendall",  "model"};
  table.rows.push_back(error_table_row("roofline, calibrated",
                                       agreement(samples, validation.in_sample),
                                       agreement(samples, validation.held_out)));
  for (const Baseline baseline : {Baseline::kEquation1, Baseline::kPowerLaw}) {
    const BaselineValidation simple = validate_baseline(baseline, samples);
    table.rows.push_back(error_table_row(to_string(baseline), agreement(samples, simple.in_sample),
                                         agreement(samples, simple.held_out)));
  }
  std::cout << "\nmean and worst absolute error; held-out: "
            << (validation.by_family ? "the whole family" : "a fifth of the rows")
            << " left out of the fit\n"
            << table.str();
}

void print_family_errors(const std::vector<Sample>& samples, const Validation& validation) {
  struct Sums {
    int rows = 0;
    double in = 0, out = 0, worst = 0;
  };
  std::map<std::string, Sums> families;
  for (size_t i = 0; i < samples.size(); ++i) {
    Sums& sums = families[samples[i].family];
    const double out = std::abs(validation.held_out[i] / samples[i].measured_ms - 1);
    ++sums.rows;
    sums.in += std::abs(validation.in_sample[i] / samples[i].measured_ms - 1);
    sums.out += out;
    sums.worst = std::max(sums.worst, out);
  }
  TextTable table;
  table.header = {"rows", "in-sample %", "held-out %", "worst %", "family"};
  for (const auto& [family, sums] : families) {
    table.rows.push_back({std::to_string(sums.rows), error_percent(sums.in / sums.rows),
                          error_percent(sums.out / sums.rows), error_percent(sums.worst), family});
  }
  std::cout << "\n" << table.str();
}

std::string sample_label(const Sample& sample) {
  return sample.network + " (" + sample.family + "), batch " + std::to_string(sample.batch);
}

void print_flagged_rows(const std::vector<Sample>& samples, const std::vector<double>& predicted) {
  const std::vector<FlaggedRow> flagged = flag_rows(samples, predicted);
  constexpr size_t kMost = 20;
  std::cout << "\nrows that do not fit with the others: " << flagged.size() << "\n";
  for (size_t i = 0; i < std::min(kMost, flagged.size()); ++i) {
    std::cout << "  " << sample_label(samples[flagged[i].sample]) << ": " << flagged[i].why << "\n";
  }
  if (flagged.size() > kMost) std::cout << "  ...\n";
}

struct Prediction {
  const char* title;
  const std::vector<double>& ms;
};

/// By the error of the first prediction.
void print_worst_rows(const std::vector<Sample>& samples,
                      const std::vector<Prediction>& predictions) {
  std::vector<size_t> order(samples.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto error = [&](size_t i) {
    return std::abs(predictions[0].ms[i] / samples[i].measured_ms - 1);
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return error(a) > error(b); });
  order.resize(std::min<size_t>(order.size(), 8));
  TextTable table;
  table.header = {"measured ms"};
  for (const Prediction& prediction : predictions) table.header.push_back(prediction.title);
  table.header.push_back("network");
  for (const size_t i : order) {
    std::vector<std::string> row = {format_fixed(samples[i].measured_ms, 2)};
    for (const Prediction& prediction : predictions)
      row.push_back(format_fixed(prediction.ms[i], 2));
    row.push_back(sample_label(samples[i]));
    table.rows.push_back(row);
  }
  std::cout << "\nworst rows\n" << table.str();
}

std::vector<std::string> split_table_row(const std::string& model, const Agreement& rest) {
  return {error_percent(rest.mape), error_percent(rest.worst), format_fixed(rest.spearman, 3),
          format_fixed(rest.kendall, 3), model};
}

/// Fits to a part, and gives the text of the hardware file, if one is to be written.
std::string calibrate_on_part(const CalibrateOptions& options, const Measurements& measurements,
                              const Hardware& hardware) {
  const Split split = validate_split(hardware, make_samples(measurements.rows, hardware),
                                     static_cast<size_t>(options.fit_rows));
  print_fitted_constants(split.fit);
  TextTable table;
  table.header = {"error %", "worst %", "Spearman", "Kendall", "model"};
  table.rows = {split_table_row("roofline, calibrated", split.oracle),
                split_table_row(to_string(Baseline::kEquation1), split.equation1),
                split_table_row(to_string(Baseline::kPowerLaw), split.power_law)};
  std::cout << "\nmean and worst absolute error of the " << split.unseen.size()
            << " rows that the fit to " << split.seen.size() << " has not seen (in-sample "
            << error_percent(split.in_sample.mape) << " %)\n"
            << table.str();
  print_flagged_rows(split.unseen, split.predicted);
  print_worst_rows(split.unseen, {{"predicted ms", split.predicted}});
  if (options.out.empty()) return {};
  return calibrated_file(measurements, split, std::filesystem::path(options.out).stem());
}

/// The same with a fit to all, cross-validated.
std::string calibrate_on_all(const CalibrateOptions& options, const Measurements& measurements,
                             const Hardware& hardware) {
  const std::vector<Sample> samples = make_samples(measurements.rows, hardware);
  const Validation validation = validate(hardware, samples);
  print_fitted_constants(validation.fit);
  print_error_table(samples, validation);
  if (options.held_out) print_family_errors(samples, validation);
  print_flagged_rows(samples, validation.in_sample);
  print_worst_rows(samples,
                   {{"in-sample ms", validation.in_sample}, {"held-out ms", validation.held_out}});
  if (options.out.empty()) return {};
  return calibrated_file(measurements, samples, validation,
                         std::filesystem::path(options.out).stem());
}

}  // namespace

void calibrate_command(const CalibrateOptions& options) {
  const Hardware hardware = load_hardware(options.hardware);
  const Measurements measurements =
      read_measurements({options.measurements.begin(), options.measurements.end()}, options.select);
  print_rows_read(measurements, options.fit_rows);
  if (options.fit_rows > 0 && options.held_out) {
    throw Error(ErrorKind::kUsage,
                "--held-out leaves out whole families, --fit-rows rows drawn "
                "at random; give one of them");
  }
  const std::string text = options.fit_rows > 0 ? calibrate_on_part(options, measurements, hardware)
                                                : calibrate_on_all(options, measurements, hardware);
  if (options.out.empty()) return;
  write_file_atomic(options.out, text);
  std::cout << "\nwrote " << options.out << "\n";
}

}  // namespace ridgeline
