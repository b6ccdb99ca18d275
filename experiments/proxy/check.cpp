#include "experiments/proxy/check.h"

#include <algorithm>

#include "core/rank_correlation.h"
#include "core/units.h"

namespace ridgeline {
namespace {

std::string estimate_text(const Estimate& estimate) {
  return format_fixed(estimate.value, 3) + " (" + format_fixed(estimate.low, 3) + " to " +
         format_fixed(estimate.high, 3) + ")";
}

/// Mean over the networks' seeds after an epoch, by network; empty where no curve has it.
std::vector<double> means_after(const Trainings& trainings, const std::vector<size_t>& networks,
                                int epoch) {
  std::vector<double> means;
  for (const size_t network : networks) {
    double sum = 0;
    for (const Evaluation& evaluation : trainings[network]) {
      const auto accuracy = accuracy_after(evaluation, epoch);
      if (!accuracy) return {};
      sum += *accuracy;
    }
    means.push_back(sum / static_cast<double>(trainings[network].size()));
  }
  return means;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

/// The mean learning curve of one budget, and how well its ranking after each epoch agrees with
/// the end of the full training.
std::string curve_table(const ProxyCheck& check, const Trainings& trainings,
                        const ProxyRecipe& recipe) {
  const auto last = seed_means(accuracies_of(check.full, check.networks));
  TextTable table{{"epoch", "mean accuracy", "Kendall with the full training"}, {}};
  const int step = std::max(1, recipe.epochs / 10);
  for (int epoch = 1; epoch <= recipe.epochs; ++epoch) {
    if (epoch % step != 0 && epoch != recipe.epochs) continue;
    const auto now = means_after(trainings, check.networks, epoch);
    if (now.empty()) continue;
    table.rows.push_back(
        {std::to_string(epoch), format_percent(mean(now), 2), format_fixed(kendall(now, last), 3)});
  }
  return table.str();
}

void add_curves(const Trainings& trainings, const std::vector<size_t>& networks, int epochs,
                const Series& style, Plot& plot) {
  bool first = true;
  for (const size_t network : networks) {
    Series series = style;
    if (!first) series.name.clear();
    for (int epoch = 1; epoch <= epochs; ++epoch) {
      const auto now = means_after(trainings, {network}, epoch);
      if (now.empty()) continue;
      series.x.push_back(epoch);
      series.y.push_back(100 * now[0]);
    }
    if (series.x.empty()) continue;
    plot.series.push_back(series);
    first = false;
  }
}

}  // namespace

ProxyCheckPlan plan_check(const ExperimentConfig& config, int seeds, int full_epochs) {
  const int epochs = config.accuracy.training.epochs;
  return {.proxy = {epochs, config.accuracy.proxy},
          .full = {full_epochs > 0 ? full_epochs : 4 * epochs, {}},
          .seeds = seeds};
}

std::vector<size_t> trained_networks(const std::vector<const Trainings*>& trainings,
                                     std::vector<std::string>& left_out) {
  std::vector<size_t> networks;
  for (size_t network = 0; network < trainings.at(0)->size(); ++network) {
    const Evaluation* failed = nullptr;
    for (const Trainings* of_recipe : trainings) {
      for (const Evaluation& evaluation : (*of_recipe)[network]) {
        if (evaluation.status != TrialStatus::kComplete && failed == nullptr) failed = &evaluation;
      }
    }
    if (failed == nullptr) {
      networks.push_back(network);
    } else {
      left_out.push_back("network " + std::to_string(network) + ": " + enum_name(failed->status) +
                         ": " + failed->message);
    }
  }
  return networks;
}

SeedScores accuracies_of(const Trainings& trainings, const std::vector<size_t>& networks) {
  SeedScores scores;
  for (const size_t network : networks) {
    scores.emplace_back();
    for (const Evaluation& evaluation : trainings[network])
      scores.back().push_back(evaluation.accuracy);
  }
  return scores;
}

double mean_seconds(const Trainings& trainings) {
  std::vector<double> seconds;
  for (const auto& network : trainings) {
    for (const Evaluation& evaluation : network) {
      if (evaluation.status == TrialStatus::kComplete) seconds.push_back(evaluation.seconds);
    }
  }
  return mean(seconds);
}

ProxyCheck check_proxy(const ProxyParts& parts, const ProxyCheckPlan& plan) {
  ProxyCheck check{.plan = plan};
  check.proxy = train_all(parts, plan.proxy, plan.seeds);
  check.full = train_all(parts, plan.full, plan.seeds);
  check.networks = trained_networks({&check.proxy, &check.full}, check.left_out);
  check.proxy_s = mean_seconds(check.proxy);
  check.full_s = mean_seconds(check.full);
  if (check.networks.size() >= 3) {
    check.statistics =
        proxy_statistics(accuracies_of(check.proxy, check.networks),
                         accuracies_of(check.full, check.networks), parts.config.seed);
  }
  return check;
}

std::string statistics_text(const ProxyStatistics& s, double scale, const std::string& unit) {
  const auto deviation = [&](const std::optional<double>& value) {
    return value ? format_fixed(scale * *value, 3) + unit : std::string("- (one seed)");
  };
  const auto ranks = [](const std::optional<double>& value) {
    return value ? format_fixed(*value, 3) : std::string("- (one seed)");
  };
  TextTable noise{
      {"", "proxy", "full"},
      {{"seeds", std::to_string(s.proxy.seeds), std::to_string(s.full.seeds)},
       {"standard deviation between seeds", deviation(s.proxy.within), deviation(s.full.within)},
       {"standard deviation between networks", deviation(s.proxy.between),
        deviation(s.full.between)},
       {"Kendall between two seeds", ranks(s.proxy.repeat), ranks(s.full.repeat)}}};
  TextTable agreement{{"proxy against full", "value (95 % interval)"},
                      {{"Kendall tau-b of the means", estimate_text(s.kendall)},
                       {"Spearman of the means", estimate_text(s.spearman)},
                       {"Kendall of one proxy training", estimate_text(s.single_kendall)}}};
  return std::to_string(s.networks) + " networks\n\n" + noise.str() + "\n" + agreement.str();
}

std::string check_report(const ProxyCheck& check) {
  const ProxyCheckPlan& plan = check.plan;
  std::string text = "proxy: " + to_text(plan.proxy) + "; full: " + to_text(plan.full) + "; " +
                     std::to_string(plan.seeds) + " seeds each\n";
  for (const std::string& network : check.left_out) text += "left out, " + network + "\n";
  if (!check.statistics) {
    return text + "no statistics: only " + std::to_string(check.networks.size()) +
           " networks were trained without a failure\n";
  }
  text += statistics_text(*check.statistics, 100, " points") + "\nlearning curve of the proxy\n" +
          curve_table(check, check.proxy, plan.proxy) + "\nlearning curve of the full training\n" +
          curve_table(check, check.full, plan.full);
  if (check.full_s > 0) {
    text += "\ncost: a proxy training takes " + format_duration(check.proxy_s) + ", a full one " +
            format_duration(check.full_s) + ": " + format_percent(check.proxy_s / check.full_s, 0) +
            " of it\n";
  }
  return text + "\nverdict: " + verdict_text(*check.statistics, plan.wanted) + "\n";
}

std::string curves_csv(const ProxyCheck& check, const std::vector<CandidateNetwork>& networks) {
  std::string text = "network,madds,params,budget,seed,status,epoch,accuracy,seconds\n";
  const auto add = [&](const Trainings& trainings, const ProxyRecipe& recipe,
                       const std::string& budget) {
    for (size_t network = 0; network < trainings.size(); ++network) {
      const OperatorCost& cost = networks[network].cost.total;
      for (size_t seed = 0; seed < trainings[network].size(); ++seed) {
        const Evaluation& evaluation = trainings[network][seed];
        const std::string start = std::to_string(network) + "," + std::to_string(cost.madds) + "," +
                                  std::to_string(cost.params) + "," + budget + "," +
                                  std::to_string(seed) + "," + enum_name(evaluation.status) + ",";
        const std::string end = "," + ConfigWriter::plain_number(evaluation.seconds) + "\n";
        if (evaluation.status != TrialStatus::kComplete) text += start + ",," + end.substr(1);
        for (int epoch = 1; epoch <= recipe.epochs; ++epoch) {
          if (const auto accuracy = accuracy_after(evaluation, epoch))
            text +=
                start + std::to_string(epoch) + "," + ConfigWriter::plain_number(*accuracy) + end;
        }
      }
    }
  };
  add(check.proxy, check.plan.proxy, "proxy");
  add(check.full, check.plan.full, "full");
  return text;
}

Plot curves_plot(const ProxyCheck& check) {
  Plot plot{.title = "Learning curves of " + std::to_string(check.networks.size()) + " networks",
            .x = {.label = "epoch"},
            .y = {.label = "validation accuracy (%)"},
            .series = {},
            .note = "mean of " + std::to_string(check.plan.seeds) + " seeds"};
  const bool points = check.plan.proxy.epochs == 1;
  add_curves(check.full, check.networks, check.plan.full.epochs,
             {.name = "full: " + to_text(check.plan.full), .x = {}, .y = {}, .color = 0}, plot);
  add_curves(check.proxy, check.networks, check.plan.proxy.epochs,
             {.name = "proxy: " + to_text(check.plan.proxy),
              .x = {},
              .y = {},
              .dashed = true,
              .marker = points ? Marker::kCircle : Marker::kNone,
              .color = 1},
             plot);
  return plot;
}

Plot agreement_plot(const ProxyCheck& check) {
  Plot plot{.title = "Proxy against full training",
            .x = {.label = "accuracy after " + to_text(check.plan.proxy) + " (%)"},
            .y = {.label = "accuracy after " + to_text(check.plan.full) + " (%)"},
            .series = {}};
  Series series{.name = "", .x = {}, .y = {}, .line = false, .marker = Marker::kCircle};
  const auto x = seed_means(accuracies_of(check.proxy, check.networks));
  const auto y = seed_means(accuracies_of(check.full, check.networks));
  for (size_t i = 0; i < x.size(); ++i) {
    series.x.push_back(100 * x[i]);
    series.y.push_back(100 * y[i]);
  }
  if (check.statistics)
    plot.note = "Kendall " + format_fixed(check.statistics->kendall.value, 2) + ", mean of " +
                std::to_string(check.plan.seeds) + " seeds";
  plot.series = {series};
  return plot;
}

}  // namespace ridgeline
