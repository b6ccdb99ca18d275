#pragma once

#include <string>
#include <vector>

#include "experiments/proxy/statistics.h"
#include "experiments/proxy/trainings.h"
#include "report/plot.h"

namespace ridgeline {

/// What a check trains.
struct ProxyCheckPlan {
  ProxyRecipe proxy, full;
  int seeds = 2;
  double wanted = kWantedCorrelation;  ///< Kendall
};

/// The budget of a search's trials beside a fuller one without any reduction; `full_epochs` 0: four
/// times as many as a trial's.
ProxyCheckPlan plan_check(const ExperimentConfig& config, int seeds, int full_epochs = 0);

struct ProxyCheck {
  ProxyCheckPlan plan;
  Trainings proxy = {}, full = {};
  std::vector<size_t> networks = {};               ///< trained without a failure: the statistics'
  std::vector<std::string> left_out = {};          ///< the others, with status and cause
  std::optional<ProxyStatistics> statistics = {};  ///< nothing with fewer than 3 networks
  double proxy_s = 0, full_s = 0;                  ///< mean wall time of a training
};

/// Trains, or takes from the record, and judges. Throws `kInterrupted`.
ProxyCheck check_proxy(const ProxyParts& parts, const ProxyCheckPlan& plan);

/// The accuracies of the networks that were trained without a failure.
SeedScores accuracies_of(const Trainings& trainings, const std::vector<size_t>& networks);
/// The networks none of whose trainings failed; each other one is named in `left_out`.
std::vector<size_t> trained_networks(const std::vector<const Trainings*>& trainings,
                                     std::vector<std::string>& left_out);
/// Mean wall time of the complete trainings.
double mean_seconds(const Trainings& trainings);

/// The numbers, as a table: `unit` follows the standard deviations, which are multiplied by
/// `scale`.
std::string statistics_text(const ProxyStatistics& statistics, double scale = 1,
                            const std::string& unit = "");
/// Everything in words: networks, noise, agreement, learning curve, cost, verdict.
std::string check_report(const ProxyCheck& check);
/// network,madds,params,budget,seed,status,epoch,accuracy,seconds: a row per scored epoch.
std::string curves_csv(const ProxyCheck& check, const std::vector<CandidateNetwork>& networks);
/// Learning curves, the mean over seeds; and proxy against full accuracy.
Plot curves_plot(const ProxyCheck& check);
Plot agreement_plot(const ProxyCheck& check);

}  // namespace ridgeline
