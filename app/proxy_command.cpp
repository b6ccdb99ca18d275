#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <map>

#include "accuracy/zero_cost/scorer.h"
#include "app/proxy_commands.h"
#include "app/proxy_lab.h"
#include "core/csv.h"
#include "core/interrupt.h"
#include "core/logging.h"
#include "core/units.h"
#include "experiments/config_places.h"
#include "experiments/proxy/check.h"
#include "experiments/proxy/design.h"

namespace ridgeline {
namespace {

/// Runs `work` in the folder of an experiment; says how to continue where it is stopped.
void in_lab(const ProxyTrainingOptions& options, const std::function<void(ProxyLab&)>& work,
            const std::function<void(const ExperimentConfig&)>& check = {}) {
  const ExperimentConfig config = load_experiment(options.config, options.settings, options.strict);
  install_interrupt_handler();
  at_places(config, [&] {
    if (check) check(config);
    ProxyLab lab(config, options);
    try {
      work(lab);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInterrupted) throw;
      throw Error(error.kind(), std::string(error.what()) + "; what was trained is kept in " +
                                    lab.folder().path().string() + ": the same command continues");
    }
    lab.clean_up();
  });
}

SeedScores columns_of(const CsvTable& table, const std::vector<std::string>& names) {
  std::vector<size_t> columns;
  for (const std::string& name : names) columns.push_back(table.column(name));
  SeedScores scores;
  for (size_t row = 0; row < table.rows(); ++row) {
    scores.emplace_back();
    for (const size_t column : columns) scores.back().push_back(table.number(row, column));
  }
  return scores;
}

void check_table(const ProxyCheckOptions& options) {
  for (const std::string& name : options.proxy) {
    if (std::find(options.full.begin(), options.full.end(), name) != options.full.end()) {
      throw Error(ErrorKind::kUsage, "--full: column '" + name + "' is one of --proxy too");
    }
  }
  const CsvTable table = CsvTable::load(options.table);
  const ProxyStatistics statistics = proxy_statistics(columns_of(table, options.proxy),
                                                      columns_of(table, options.full), /*seed=*/1);
  std::cout << options.table << ": proxy " << join(options.proxy) << "; full " << join(options.full)
            << "; standard deviations in the table's unit\n"
            << statistics_text(statistics)
            << "\nverdict: " << verdict_text(statistics, options.wanted) << "\n";
}

std::string scores_csv(const std::vector<CandidateNetwork>& networks,
                       const std::map<ZeroCostScore, std::vector<double>>& scores,
                       const Trainings& trainings) {
  std::string text = "network";
  for (const auto& [score, values] : scores) text += "," + enum_name(score);
  for (size_t seed = 0; seed < trainings[0].size(); ++seed)
    text += ",status_" + std::to_string(seed) + ",accuracy_" + std::to_string(seed);
  text += "\n";
  for (size_t i = 0; i < networks.size(); ++i) {
    text += std::to_string(i);
    for (const auto& [score, values] : scores) text += "," + ConfigWriter::plain_number(values[i]);
    for (const Evaluation& evaluation : trainings[i])
      text += "," + enum_name(evaluation.status) + "," +
              ConfigWriter::plain_number(evaluation.accuracy);
    text += "\n";
  }
  return text;
}

}  // namespace

void proxy_check_command(const ProxyCheckOptions& options) {
  if (!options.table.empty()) return check_table(options);
  if (options.config.empty()) {
    throw Error(ErrorKind::kUsage,
                "proxy check: give an experiment file, or --table FILE with --proxy and --full");
  }
  in_lab(options, [&](ProxyLab& lab) {
    const ProxyParts parts = lab.parts();
    ProxyCheckPlan plan = plan_check(parts.config, options.seeds, options.full_epochs);
    plan.wanted = options.wanted;
    if (plan.full.epochs < plan.proxy.epochs || plan.full == plan.proxy) {
      throw Error(ErrorKind::kUsage, "--full-epochs: " + std::to_string(plan.full.epochs) +
                                         " must be more than accuracy.training.epochs, which is " +
                                         std::to_string(plan.proxy.epochs));
    }
    lab.say_cost({{plan.proxy, plan.seeds}, {plan.full, plan.seeds}});
    const ProxyCheck check = check_proxy(parts, plan);
    const std::string report = check_report(check);
    lab.folder().write("report.txt", report);
    lab.folder().write("curves.csv", curves_csv(check, lab.networks()));
    if (check.statistics) {
      lab.folder().write("curves.svg", to_svg(curves_plot(check)));
      lab.folder().write("agreement.svg", to_svg(agreement_plot(check)));
    }
    std::cout << report;
    if (!check.statistics) {
      throw Error(ErrorKind::kInfeasible,
                  "too many trainings failed to compare rankings: " + join(check.left_out, "; "));
    }
  });
}

void proxy_design_command(const ProxyDesignOptions& options) {
  in_lab(options, [&](ProxyLab& lab) {
    const ProxyParts parts = lab.parts();
    ProxyDesignPlan plan;
    plan.full = plan_check(parts.config, 1, options.full_epochs).full;
    plan.grid = {options.epochs, options.resolution, options.width, options.images};
    if (parts.config.accuracy.kind == AccuracyKind::kCommand)
      plan.grid = {options.epochs, {1}, {1}, {1}};  // a user's program is told epochs alone
    if (options.epochs.empty()) {
      for (const int part : {8, 4, 2})
        plan.grid.epochs.push_back(std::max(1, plan.full.epochs / part));
    }
    plan.hours = options.hours;
    plan.at_a_time = lab.at_a_time();
    plan.wanted = options.wanted;
    const auto recipes = recipes_of(plan.grid, plan.full);
    std::vector<std::pair<ProxyRecipe, int>> all = {{plan.full, 1}};
    for (const auto& recipe : recipes) all.push_back({recipe, 1});
    lab.say_cost(all);
    const ProxyDesign design = design_proxy(parts, plan);
    const std::string report = design_report(design);
    lab.folder().write("design.txt", report);
    lab.folder().write("design.csv", design_csv(design));
    if (!design.tried.empty()) lab.folder().write("design.svg", to_svg(design_plot(design)));
    std::cout << report;
  });
}

void proxy_scores_command(const ProxyScoresOptions& options) {
  in_lab(
      options,
      [&](ProxyLab& lab) {
        const ProxyParts parts = lab.parts();
        const ProxyRecipe recipe = plan_check(parts.config, 1).proxy;
        const ZeroCostScorer scorer(parts.config.accuracy.data, options.batch);
        std::map<ZeroCostScore, std::vector<double>> scores;
        std::map<ZeroCostScore, double> seconds;
        for (const auto& [score, name] : EnumNames<ZeroCostScore>::values) {
          const auto start = std::chrono::steady_clock::now();
          for (const CandidateNetwork& network : lab.networks())  // alone: it is timed
            scores[score].push_back(scorer.score(score, network.architecture));
          seconds[score] =
              std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() /
              static_cast<double>(lab.networks().size());
        }
        lab.say_cost({{recipe, options.seeds}});
        const Trainings trainings = train_all(parts, recipe, options.seeds);
        std::vector<std::string> left_out;
        const auto trained = trained_networks({&trainings}, left_out);
        std::string report = std::to_string(trained.size()) + " networks, " + to_text(recipe) +
                             ", " + std::to_string(options.seeds) + " seeds\n";
        for (const std::string& network : left_out) report += "left out, " + network + "\n";
        if (trained.size() < 3) {
          throw Error(ErrorKind::kInfeasible,
                      "too many trainings failed to compare rankings: " + join(left_out, "; "));
        }
        const auto accuracies = seed_means(accuracies_of(trainings, trained));
        TextTable table{
            {"score", "source", "Kendall", "95 % interval", "Spearman", "time per network"}, {}};
        for (const auto& [score, values] : scores) {
          std::vector<double> of_trained;
          for (const size_t network : trained) of_trained.push_back(values[network]);
          const RankAgreement agreement = rank_agreement(of_trained, accuracies, parts.config.seed);
          table.rows.push_back({enum_name(score), source_of(score),
                                format_fixed(agreement.kendall.value, 3),
                                format_fixed(agreement.kendall.low, 3) + " to " +
                                    format_fixed(agreement.kendall.high, 3),
                                format_fixed(agreement.spearman.value, 3),
                                format_fixed(1000 * seconds[score], 1) + " ms"});
        }
        report += table.str() + "a training: " + format_duration(mean_seconds(trainings)) + "\n";
        lab.folder().write("scores.txt", report);
        lab.folder().write("scores.csv", scores_csv(lab.networks(), scores, trainings));
        std::cout << report;
      },
      [](const ExperimentConfig& config) {
        if (config.accuracy.kind != AccuracyKind::kProxy) {
          throw Error(ErrorKind::kConfig,
                      "accuracy.kind: must be proxy, whose images the scores look at");
        }
      });
}

}  // namespace ridgeline
