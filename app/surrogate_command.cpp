#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/surrogate_options.h"
#include "core/file.h"
#include "core/units.h"
#include "experiments/analysis/surrogate_rows.h"
#include "surrogate/csv_rows.h"

namespace ridgeline {
namespace {

std::optional<SurrogateModel> wanted_model(const std::string& text) {
  std::vector<std::string> names = {"auto"};
  for (const auto& [model, name] : EnumNames<SurrogateModel>::values) {
    if (text == name) return model;
    names.push_back(name);
  }
  if (text == "auto") return std::nullopt;
  throw Error(ErrorKind::kUsage, "--model " + text + ": no such model; valid: " + join(names));
}

AccuracyUnit wanted_unit(const std::string& text) {
  if (text.empty() || text == "fraction") return AccuracyUnit::kFraction;
  if (text == "percent") return AccuracyUnit::kPercent;
  throw Error(ErrorKind::kUsage, "--unit " + text + ": no such unit; valid: fraction, percent");
}

SurrogateData rows_of_runs(const SurrogateFitOptions& options) {
  const std::pair<const char*, bool> of_tables[] = {{"--space", !options.space.empty()},
                                                    {"--columns", !options.columns.empty()},
                                                    {"--target", !options.target.empty()},
                                                    {"--unit", !options.unit.empty()},
                                                    {"--where", !options.where.empty()}};
  for (const auto& [name, given] : of_tables) {
    if (given)
      throw Error(ErrorKind::kUsage,
                  std::string(name) + " is for a CSV file; the folder of a run says it itself");
  }
  return read_run_rows(options.sources);
}

SurrogateData rows_of_table(const SurrogateFitOptions& options) {
  if (options.sources.size() > 1)
    throw Error(ErrorKind::kUsage, "surrogate fit: expected folders of runs, or one CSV file; " +
                                       options.sources[0] + " is no folder");
  if (options.space.empty() || options.target.empty())
    throw Error(ErrorKind::kUsage,
                "surrogate fit: a CSV file needs --space and --target, the "
                "column with the accuracies");
  return read_csv_rows({.table = options.sources[0],
                        .space = options.space,
                        .columns = options.columns,
                        .target = options.target,
                        .unit = wanted_unit(options.unit),
                        .where = options.where});
}

void print_rows(const SurrogateData& data) {
  std::cout << data.rows.size() << " rows used: " << data.source << "\n";
  for (const auto& [reason, rows] : data.skipped)
    std::cout << rows << " skipped: " << reason << "\n";
}

void print_figures(const FittedSurrogate& surrogate) {
  TextTable table;
  table.header = {"MAE points", "RMSE points", "Spearman", "Kendall", "in 90 % interval", "model"};
  for (const auto& f : surrogate.content().figures) {
    table.rows.push_back({format_fixed(100 * f.mean_absolute_error, 3),
                          format_fixed(100 * f.root_mean_square_error, 3),
                          format_fixed(f.spearman, 3), format_fixed(f.kendall, 3),
                          format_percent(f.coverage), enum_name(f.model)});
  }
  std::cout << "\nrows that a model had not seen, in " << surrogate.content().folds << " folds:\n"
            << table.str() << "\nmodel: " << enum_name(surrogate.content().figures[0].model)
            << (surrogate.content().figures.size() > 1 ? ", of the smallest RMSE\n" : "\n");
}

std::string points(double share) { return format_fixed(100 * share, 2); }

}  // namespace

void surrogate_fit_command(const SurrogateFitOptions& options) {
  const auto model = wanted_model(options.model);
  const bool runs = std::filesystem::is_directory(options.sources.at(0));
  const SurrogateData data = runs ? rows_of_runs(options) : rows_of_table(options);
  print_rows(data);
  const FittedSurrogate surrogate = fit_surrogate(data, model);
  print_figures(surrogate);
  for (const auto& doubt : doubts(surrogate, data)) std::cout << "note: " << doubt << "\n";
  write_file_atomic(options.out, surrogate.to_text());
  std::cout << "wrote " << options.out << "\n";
}

void surrogate_predict_command(const SurrogatePredictOptions& options) {
  const FittedSurrogate surrogate = FittedSurrogate::load(options.file);
  auto list = nlohmann::ordered_json::array();
  TextTable table;
  table.header = {"accuracy %", "+- %", "from the data", "architecture"};
  for (const auto& file : options.architectures) {
    const Architecture architecture = load_architecture(file);
    const SurrogatePrediction prediction = surrogate.predict(architecture);
    table.rows.push_back({points(prediction.accuracy), points(prediction.deviation),
                          enum_name(prediction.place), file});
    list.push_back({{"architecture", file},
                    {"accuracy", prediction.accuracy},
                    {"standard_deviation", prediction.deviation},
                    {"place", enum_name(prediction.place)},
                    {"leverage", prediction.leverage}});
  }
  if (options.json) {
    std::cout << list.dump(2) << "\n";
    return;
  }
  std::cout << surrogate.description() << "\n"
            << table.str()
            << "+-: one standard deviation; from the data: inside, at the edge, far outside\n";
}

void add_surrogate_commands(CLI::App& app) {
  auto* surrogate = app.add_subcommand(
      "surrogate", "accuracy of untrained networks, predicted from trained ones of their space");
  surrogate->require_subcommand(1);
  static SurrogateFitOptions fit;
  auto* sub = surrogate->add_subcommand(
      "fit", "fit to the trials of runs, or to a CSV file; cross-validated");
  sub->footer(
      "examples:\n  ridgeline surrogate fit runs/first runs/second --out accuracy.json\n"
      "  ridgeline surrogate fit accel_nasbench.csv.gz --space accel_nasbench_networks --columns "
      "accel_nasbench \\\n      --target val_top1 --unit percent --where split=train --out "
      "accuracy.json\n"
      "then: ridgeline search my.yaml --set accuracy.kind=surrogate --set "
      "accuracy.surrogate=accuracy.json");
  sub->add_option("source", fit.sources, "folders of runs, or one CSV file")
      ->required()
      ->type_name("RUN | CSV");
  sub->add_option("--space", fit.space, "of a CSV file: the space, a name or a file");
  sub->add_option("--columns", fit.columns,
                  "of a CSV file: YAML that names the column of each decision, a file or a name in "
                  "configs/columns; left out: columns are named as decisions")
      ->type_name("FILE");
  sub->add_option("--target", fit.target, "of a CSV file: column with the accuracies")
      ->type_name("COLUMN");
  sub->add_option("--unit", fit.unit, "of a CSV file: fraction (default) or percent");
  sub->add_option("--where", fit.where, "of a CSV file: only such rows; may be repeated")
      ->type_name("COLUMN=VALUE")
      ->take_all()
      ->allow_extra_args(false);
  sub->add_option("--model", fit.model,
                  "auto (the best in cross-validation), ridge, gaussian_process or boosted_trees")
      ->capture_default_str();
  sub->add_option("--out", fit.out, "file for the surrogate")->required()->type_name("FILE");
  sub->callback([] { surrogate_fit_command(fit); });

  static SurrogatePredictOptions predict;
  sub = surrogate->add_subcommand(
      "predict", "accuracy of architectures, its uncertainty, and how far they are from the data");
  sub->footer("example:\n  ridgeline surrogate predict accuracy.json found/architecture.yaml");
  sub->add_option("file", predict.file, "file of `ridgeline surrogate fit`")
      ->required()
      ->type_name("FILE");
  sub->add_option("architecture", predict.architectures, "YAML files of architectures")
      ->required()
      ->type_name("YAML");
  sub->add_flag("--json", predict.json, "as JSON; accuracies are fractions");
  sub->callback([] { surrogate_predict_command(predict); });
}

}  // namespace ridgeline
