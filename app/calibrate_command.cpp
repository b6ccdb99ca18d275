#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>

#include "app/network_commands.h"
#include "core/config_path.h"
#include "core/file.h"
#include "core/logging.h"
#include "core/units.h"
#include "latency/calibration/provenance.h"
#include "latency/calibration/quality.h"
#include "latency/calibration/validation.h"
#include "latency/measurement/csv_line.h"
#include "latency/power_law.h"

namespace ridgeline {
namespace {

std::string error_percent(double share) { return format_fixed(share * 100, 1); }

void print_rows_read(const Measurements& measurements, int fit_rows,
                     const std::string& purpose = "fit") {
  std::cout << measurements.source << ": " << measurements.rows.size() << " rows"
            << (fit_rows > 0 ? ", " + std::to_string(fit_rows) + " of them drawn" : "") << " to "
            << purpose << "\n";
  for (const std::string& line : lines_set_aside(measurements)) {
    std::cout << "set aside: " << line << "\n";
  }
  if (measurements.unknown.empty()) return;
  constexpr size_t kNamed = 8;
  std::vector<std::string> some = measurements.unknown;
  if (some.size() > kNamed) some.resize(kNamed);
  std::cout << measurements.unknown_rows << " rows left out, of " << measurements.unknown.size()
            << " networks that cannot be built here: " << join(some, "; ")
            << (some.size() < measurements.unknown.size() ? "; ...\n" : "\n");
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

/// Returns the held-out part.
HeldOut print_error_table(const std::vector<Sample>& samples, const Validation& validation) {
  HeldOut held_out{.oracle = agreement(samples, validation.held_out)};
  TextTable table;
  table.header = {"in-sample %", "worst %",  "Spearman", "held-out %",
                  "worst %",     "Spearman", "Kendall",  "model"};
  table.rows.push_back(error_table_row("roofline, calibrated",
                                       agreement(samples, validation.in_sample), held_out.oracle));
  for (const Baseline baseline : {Baseline::kEquation1, Baseline::kPowerLaw}) {
    const BaselineValidation simple = validate_baseline(baseline, samples);
    const Agreement out = agreement(samples, simple.held_out);
    table.rows.push_back(
        error_table_row(to_string(baseline), agreement(samples, simple.in_sample), out));
    (baseline == Baseline::kEquation1 ? held_out.equation1 : held_out.power_law) = out;
  }
  std::cout << "\nmean and worst absolute error; held-out: "
            << (validation.by_family ? "the whole family" : "a fifth of the rows")
            << " left out of the fit\n"
            << table.str();
  return held_out;
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

/// A fitted file, if one is wanted, and what speaks against writing it.
struct Calibrated {
  std::string text;
  FitVerdict verdict;
};

Calibrated calibrate_on_part(const CalibrateOptions& options, const Measurements& measurements,
                             const std::vector<Sample>& samples, const Hardware& hardware) {
  const Split split = validate_split(hardware, samples, static_cast<size_t>(options.fit_rows));
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
  const std::string name = std::filesystem::path(options.out).stem();
  return {name.empty() ? "" : calibrated_file(measurements, split, name),
          judge(split.fit, split.seen, {split.oracle, split.equation1, split.power_law})};
}

/// The same with a fit to all, cross-validated.
Calibrated calibrate_on_all(const CalibrateOptions& options, const Measurements& measurements,
                            const std::vector<Sample>& samples, const Hardware& hardware) {
  const Validation validation = validate(hardware, samples);
  print_fitted_constants(validation.fit);
  const HeldOut held_out = print_error_table(samples, validation);
  if (options.held_out) print_family_errors(samples, validation);
  print_flagged_rows(samples, validation.in_sample);
  print_worst_rows(samples,
                   {{"in-sample ms", validation.in_sample}, {"held-out ms", validation.held_out}});
  const std::string name = std::filesystem::path(options.out).stem();
  return {name.empty() ? "" : calibrated_file(measurements, samples, validation, name),
          judge(validation.fit, samples, held_out)};
}

}  // namespace

void calibrate_command(const CalibrateOptions& options) {
  if (options.fit_rows > 0 && options.held_out) {
    throw Error(ErrorKind::kUsage,
                "--held-out leaves out whole families, --fit-rows rows drawn "
                "at random; give one of them");
  }
  const Hardware hardware = load_hardware(options.hardware);
  Measurements measurements =
      read_measurements({options.measurements.begin(), options.measurements.end()}, options.select);
  const std::vector<Sample> samples = make_samples(measurements, hardware);
  print_rows_read(measurements, options.fit_rows);
  require_plausible(samples);
  const auto calibrate = options.fit_rows > 0 ? calibrate_on_part : calibrate_on_all;
  const auto [text, verdict] = calibrate(options, measurements, samples, hardware);
  std::cout << "\n";
  for (const std::string& remark : verdict.remarks) std::cout << "note: " << remark << "\n";
  for (const std::string& objection : verdict.objections) spdlog::warn("{}", objection);
  if (options.out.empty()) return;
  if (!verdict.objections.empty() && !options.force) {
    throw Error(ErrorKind::kData,
                options.out + " is not written: " + join(verdict.objections, "; ") +
                    "; measure more rows of several families, set wrong ones aside (column "
                    "set_aside), or write it all the same with --force");
  }
  write_file_atomic(options.out, text);
  std::cout << "wrote " << options.out << "\n";
}

void evaluate_command(const EvaluateOptions& options) {
  const Hardware hardware = load_hardware(options.hardware);
  Measurements measurements =
      read_measurements({options.measurements.begin(), options.measurements.end()}, options.select);
  const std::vector<Sample> samples = make_samples(measurements, hardware);
  print_rows_read(measurements, 0, "evaluate");
  require_plausible(samples);
  if (samples.size() < 2)
    throw Error(ErrorKind::kData, measurements.source + ": at least 2 rows are needed");
  struct Model {
    std::string name;
    std::vector<double> ms;
  };
  std::vector<Model> models = {{"roofline", {}}, {"Equation 1", {}}};
  const EffectiveConstants& constants = hardware.constants;
  if (constants.power_law_ms > 0) models.push_back({"power law", {}});
  for (const Sample& sample : samples) {
    models[0].ms.push_back(predicted_ms(sample, hardware));
    models[1].ms.push_back(sample.equation1_ms / constants.whole_network_efficiency);
    if (models.size() > 2)
      models[2].ms.push_back(power_law_ms(constants, sample.flops, sample.activations));
  }
  TextTable table;
  table.header = {"error %", "worst %", "Spearman", "Kendall", "model"};
  for (const Model& model : models)
    table.rows.push_back(split_table_row(model.name, agreement(samples, model.ms)));
  std::cout << "\nmean and worst absolute error of " << hardware.name
            << (hardware.calibrated() ? "\n" : ", which is not calibrated\n") << table.str();
  print_worst_rows(samples, {{"predicted ms", models[0].ms}});
  if (options.csv.empty()) return;
  std::string csv = "network,family,resolution,batch,precision,latency_ms,predicted_ms,error\n";
  for (size_t i = 0; i < samples.size(); ++i) {
    const Sample& sample = samples[i];
    csv += plain_field(sample.network) + "," + plain_field(sample.family) + "," +
           std::to_string(sample.resolution) + "," + std::to_string(sample.batch) + "," +
           enum_name(sample.precision) + "," + ConfigWriter::plain_number(sample.measured_ms) +
           "," + ConfigWriter::plain_number(models[0].ms[i]) + "," +
           ConfigWriter::plain_number(models[0].ms[i] / sample.measured_ms - 1) + "\n";
  }
  write_file_atomic(options.csv, csv);
  std::cout << "\nwrote " << options.csv << "\n";
}

}  // namespace ridgeline
