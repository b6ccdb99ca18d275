#pragma once

#include <string>
#include <vector>

#include "experiments/proxy/statistics.h"

namespace ridgeline {

/// What the trainings of all three commands share.
struct ProxyTrainingOptions {
  std::string config;
  std::vector<std::string> settings;
  bool strict = false;
  std::string out;      ///< folder of the trainings; empty: proxy/NAME
  int networks = 20;    ///< spread over the space
  int full_epochs = 0;  ///< 0: four times accuracy.training.epochs
  double wanted = kWantedCorrelation;
};

/// Either trains by a configuration, or reads `table`.
struct ProxyCheckOptions : ProxyTrainingOptions {
  int seeds = 2;
  std::string table;                     ///< CSV of recorded trainings, one network a row
  std::vector<std::string> proxy, full;  ///< its columns, a seed each
};
void proxy_check_command(const ProxyCheckOptions& options);

struct ProxyDesignOptions : ProxyTrainingOptions {
  double hours = 0;
  std::vector<int> epochs;  ///< empty: 1/8, 1/4 and 1/2 of the full ones
  std::vector<double> resolution = {0.5, 0.75, 1}, width = {0.5, 1}, images = {0.25, 0.5, 1};
};
void proxy_design_command(const ProxyDesignOptions& options);

struct ProxyScoresOptions : ProxyTrainingOptions {
  int seeds = 1;
  int batch = 64;  ///< images that a score looks at
};
void proxy_scores_command(const ProxyScoresOptions& options);

}  // namespace ridgeline
