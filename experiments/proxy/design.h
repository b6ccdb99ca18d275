#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiments/proxy/check.h"

namespace ridgeline {

/// What a design tries: every combination, but for the full recipe itself.
struct ProxyGrid {
  std::vector<int> epochs;
  std::vector<double> resolution = {1}, width = {1}, images = {1};
};

struct ProxyDesignPlan {
  ProxyRecipe full;
  ProxyGrid grid;
  double hours = 1;                    ///< wall time, recorded trainings included
  int at_a_time = 1;                   ///< trainings
  double wanted = kWantedCorrelation;  ///< Kendall
};

/// The combinations of a grid, the cheapest first: by epochs x images x (resolution x width)^2.
std::vector<ProxyRecipe> recipes_of(const ProxyGrid& grid, const ProxyRecipe& full);

/// Whether a training of fewer epochs is the beginning of one of more: the learning rate of a step
/// must not depend on the number of epochs (constant or exponential schedule), warm-up must be
/// shorter than half of `epochs`, and every epoch must be scored with the weights it ends with (no
/// average of weights is kept).
bool is_beginning_of_longer(const TrainingConfig& training, int epochs);

/// A recipe that was tried.
struct TriedProxy {
  ProxyRecipe recipe;
  bool read_from_longer = false;  ///< from the learning curve of a longer training
  double seconds = 0;             ///< mean wall time of one training
  double share = 0;               ///< of the seconds of a full training
  size_t networks = 0;            ///< trained without a failure
  RankAgreement agreement = {};   ///< with the full training
};

struct ProxyDesign {
  ProxyDesignPlan plan;
  double full_s = 0;
  std::vector<TriedProxy> tried;  ///< cheapest first
  size_t not_tried = 0;           ///< for lack of time
  std::vector<std::string> left_out;
  /// The cheapest that reaches `wanted`; indices of `tried`.
  std::optional<size_t> chosen;
  std::vector<size_t> front;  ///< no other is cheaper and has a larger Kendall
};

/// Trains the networks once at the full recipe, then under each recipe of the grid, the cheapest
/// first, until the hours are spent. What a recipe takes is told from those before it.
ProxyDesign design_proxy(const ProxyParts& parts, const ProxyDesignPlan& plan);

/// Chooses among what was tried: fills `chosen` and `front`.
void choose_proxy(ProxyDesign& design);

/// The table, and the proposal as lines for the experiment file.
std::string design_report(const ProxyDesign& design);
std::string design_csv(const ProxyDesign& design);
Plot design_plot(const ProxyDesign& design);

}  // namespace ridgeline
