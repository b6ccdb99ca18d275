#include "experiments/proxy/design.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/logging.h"
#include "core/units.h"

namespace ridgeline {
namespace {

/// A logarithmic axis has no 0.
constexpr double kLeastShare = 1e-4;

double expected_work(const ProxyRecipe& recipe) {
  const double side = recipe.reduction.resolution * recipe.reduction.width;
  return recipe.epochs * recipe.reduction.images * side * side;
}

/// The training from whose learning curve a recipe can be read: the longest of the same reduction.
const ProxyRecipe* longer_of(const ProxyRecipe& recipe, const std::vector<ProxyRecipe>& recipes) {
  const ProxyRecipe* longest = nullptr;
  for (const ProxyRecipe& other : recipes) {
    if (other.reduction != recipe.reduction || other.epochs <= recipe.epochs) continue;
    if (longest == nullptr || other.epochs > longest->epochs) longest = &other;
  }
  return longest;
}

/// What has been trained, and what it took.
struct Trained {
  ProxyRecipe recipe;
  Trainings trainings;
  double seconds = 0;
};

/// Accuracies after `epochs`, of networks that were trained without a failure.
std::vector<double> accuracies_after(const Trainings& trainings,
                                     const std::vector<size_t>& networks, int epochs) {
  std::vector<double> accuracies;
  for (const size_t network : networks)
    accuracies.push_back(
        accuracy_after(trainings[network][0], epochs).value_or(trainings[network][0].accuracy));
  return accuracies;
}

class Designer {
 public:
  Designer(const ProxyParts& parts, const ProxyDesignPlan& plan) : parts_(parts) {
    design_.plan = plan;
  }

  ProxyDesign run() {
    full_ = train(design_.plan.full);
    design_.full_s = full_.seconds;
    // None is read from the full training itself: the two would share their noise.
    const auto recipes = recipes_of(design_.plan.grid, design_.plan.full);
    for (const ProxyRecipe& recipe : recipes) {
      if (!try_recipe(recipe, recipes)) ++design_.not_tried;
    }
    std::stable_sort(design_.tried.begin(), design_.tried.end(),
                     [](const auto& a, const auto& b) { return a.seconds < b.seconds; });
    choose_proxy(design_);
    return design_;
  }

 private:
  Trained train(const ProxyRecipe& recipe) {
    Trained trained{recipe, train_all(parts_, recipe, 1), 0};
    trained.seconds = mean_seconds(trained.trainings);
    for (const auto& network : trained.trainings) spent_s_ += network[0].seconds;
    done_.push_back(trained);
    return trained;
  }

  const Trained* done(const ProxyRecipe& recipe) const {
    for (const Trained& trained : done_) {
      if (trained.recipe == recipe) return &trained;
    }
    return nullptr;
  }

  /// From the training so far whose expected work is nearest.
  double expected_seconds(const ProxyRecipe& recipe) const {
    const double work = expected_work(recipe);
    const auto distance = [&](const Trained& trained) {
      return std::abs(std::log(expected_work(trained.recipe) / work));
    };
    const auto nearest = std::min_element(
        done_.begin(), done_.end(),
        [&](const Trained& a, const Trained& b) { return distance(a) < distance(b); });
    return nearest->seconds * work / expected_work(nearest->recipe);
  }

  bool affordable(const ProxyRecipe& recipe) const {
    const double work = expected_seconds(recipe) * static_cast<double>(parts_.networks.size());
    return (spent_s_ + work) / design_.plan.at_a_time <= 3600 * design_.plan.hours;
  }

  /// False: no time for it.
  bool try_recipe(const ProxyRecipe& recipe, const std::vector<ProxyRecipe>& recipes) {
    const ProxyRecipe* longer =
        is_beginning_of_longer(parts_.config.accuracy.training, recipe.epochs)
            ? longer_of(recipe, recipes)
            : nullptr;
    if (longer != nullptr && (done(*longer) != nullptr || affordable(*longer))) {
      if (done(*longer) == nullptr) train(*longer);
      const Trained& from = *done(*longer);
      add(recipe, from.trainings, from.seconds * recipe.epochs / longer->epochs, true);
      return true;
    }
    if (!affordable(recipe)) return false;
    const Trained trained = train(recipe);
    add(recipe, trained.trainings, trained.seconds, false);
    return true;
  }

  void add(const ProxyRecipe& recipe, const Trainings& trainings, double seconds, bool read) {
    std::vector<std::string> left_out;
    const auto networks = trained_networks({&trainings, &full_.trainings}, left_out);
    for (const std::string& network : left_out)
      design_.left_out.push_back(to_text(recipe) + ", " + network);
    if (networks.size() < 3) return;
    TriedProxy tried{.recipe = recipe,
                     .read_from_longer = read,
                     .seconds = seconds,
                     .share = design_.full_s > 0 ? seconds / design_.full_s : 0,
                     .networks = networks.size()};
    tried.agreement = rank_agreement(
        accuracies_after(trainings, networks, recipe.epochs),
        accuracies_after(full_.trainings, networks, design_.plan.full.epochs), parts_.config.seed);
    spdlog::info("{}: Kendall {:.2f}, {} a training", to_text(recipe),
                 tried.agreement.kendall.value, format_duration(seconds));
    design_.tried.push_back(tried);
  }

  const ProxyParts& parts_;
  ProxyDesign design_;
  Trained full_;
  std::vector<Trained> done_;
  double spent_s_ = 0;
};

std::string interval_text(const Estimate& estimate) {
  return format_fixed(estimate.low, 2) + " to " + format_fixed(estimate.high, 2);
}

std::string yaml_of(const ProxyRecipe& recipe) {
  const auto number = [](double value) { return ConfigWriter::plain_number(value); };
  std::string text = "accuracy:\n  training:\n    epochs: " + std::to_string(recipe.epochs) + "\n";
  const ReductionConfig& r = recipe.reduction;
  if (r == ReductionConfig()) return text;
  text += "  proxy:\n";
  if (r.resolution != 1) text += "    resolution: " + number(r.resolution) + "\n";
  if (r.width != 1) text += "    width: " + number(r.width) + "\n";
  if (r.images != 1) text += "    images: " + number(r.images) + "\n";
  return text;
}

}  // namespace

std::vector<ProxyRecipe> recipes_of(const ProxyGrid& grid, const ProxyRecipe& full) {
  std::vector<ProxyRecipe> recipes;
  for (const int epochs : grid.epochs) {
    for (const double resolution : grid.resolution) {
      for (const double width : grid.width) {
        for (const double images : grid.images) {
          const ProxyRecipe recipe{epochs,
                                   {.resolution = resolution, .width = width, .images = images}};
          const bool known = std::find(recipes.begin(), recipes.end(), recipe) != recipes.end();
          if (recipe != full && !known) recipes.push_back(recipe);
        }
      }
    }
  }
  std::stable_sort(recipes.begin(), recipes.end(), [](const auto& a, const auto& b) {
    return expected_work(a) < expected_work(b);
  });
  return recipes;
}

bool is_beginning_of_longer(const TrainingConfig& training, int epochs) {
  return training.schedule != ScheduleKind::kCosine && training.ema_decay == 0 &&
         training.validate_every > 0 && epochs % training.validate_every == 0 &&
         training.processes == 1 && 2 * training.warmup_epochs <= epochs;
}

void choose_proxy(ProxyDesign& design) {
  design.chosen.reset();
  design.front.clear();
  double most = -std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < design.tried.size(); ++i) {  // by rising cost
    const double tau = design.tried[i].agreement.kendall.value;
    if (tau >= design.plan.wanted && !design.chosen) design.chosen = i;
    if (tau <= most) continue;
    most = tau;
    design.front.push_back(i);
  }
}

ProxyDesign design_proxy(const ProxyParts& parts, const ProxyDesignPlan& plan) {
  return Designer(parts, plan).run();
}

std::string design_report(const ProxyDesign& design) {
  std::string text = "full: " + to_text(design.plan.full) + ", " + format_duration(design.full_s) +
                     " a training\n";
  for (const std::string& network : design.left_out) text += "left out, " + network + "\n";
  TextTable table{
      {"proxy", "networks", "time", "of the full", "Kendall", "95 % interval", "Spearman", ""}, {}};
  for (size_t i = 0; i < design.tried.size(); ++i) {
    const TriedProxy& tried = design.tried[i];
    const bool front = std::find(design.front.begin(), design.front.end(), i) != design.front.end();
    std::string note = front ? "front" : "";
    if (tried.read_from_longer) note += std::string(front ? ", " : "") + "from a learning curve";
    table.rows.push_back({to_text(tried.recipe), std::to_string(tried.networks),
                          format_duration(tried.seconds), format_percent(tried.share),
                          format_fixed(tried.agreement.kendall.value, 3),
                          interval_text(tried.agreement.kendall),
                          format_fixed(tried.agreement.spearman.value, 3), note});
  }
  text += table.str();
  if (design.not_tried > 0) {
    text += std::to_string(design.not_tried) + " more were not tried: the " +
            ConfigWriter::plain_number(design.plan.hours) + " hours do not suffice\n";
  }
  const std::string wanted = format_fixed(design.plan.wanted, 2);
  if (!design.chosen) {
    return text + "\nno proxy that was tried keeps the ranking (Kendall of at least " + wanted +
           "): train longer in the search, or give more hours\n";
  }
  const TriedProxy& chosen = design.tried[*design.chosen];
  return text + "\nproposal: " + to_text(chosen.recipe) +
         ", the cheapest with a Kendall of at least " + wanted + " (" +
         format_fixed(chosen.agreement.kendall.value, 2) + ", " +
         interval_text(chosen.agreement.kendall) + ") at " + format_percent(chosen.share) +
         " of the cost\n\n" + yaml_of(chosen.recipe) +
         "\nThe best of several looks better than it is: confirm it with `ridgeline proxy check` "
         "and another --set seed.\n";
}

std::string design_csv(const ProxyDesign& design) {
  std::string text =
      "epochs,resolution,width,images,networks,seconds,share,kendall,kendall_low,kendall_high,"
      "spearman,from_learning_curve\n";
  const auto number = [](double value) { return ConfigWriter::plain_number(value); };
  for (const TriedProxy& tried : design.tried) {
    const ReductionConfig& r = tried.recipe.reduction;
    const Estimate& tau = tried.agreement.kendall;
    text += std::to_string(tried.recipe.epochs) + "," + number(r.resolution) + "," +
            number(r.width) + "," + number(r.images) + "," + std::to_string(tried.networks) + "," +
            number(tried.seconds) + "," + number(tried.share) + "," + number(tau.value) + "," +
            number(tau.low) + "," + number(tau.high) + "," +
            number(tried.agreement.spearman.value) + "," + (tried.read_from_longer ? "1" : "0") +
            "\n";
  }
  return text;
}

Plot design_plot(const ProxyDesign& design) {
  Plot plot{.title = "Cost of a proxy against the ranking it keeps",
            .x = {.label = "time of a training (% of the full one)", .kind = AxisKind::kLog},
            .y = {.label = "Kendall with the full training"},
            .series = {},
            .note = "full: " + to_text(design.plan.full)};
  Series all{.name = "tried", .x = {}, .y = {}, .line = false, .marker = Marker::kCircle};
  Series front{.name = "front", .x = {}, .y = {}, .steps = true, .marker = Marker::kSquare};
  for (const TriedProxy& tried : design.tried) {
    all.x.push_back(100 * std::max(tried.share, kLeastShare));
    all.y.push_back(tried.agreement.kendall.value);
  }
  for (const size_t i : design.front) {
    front.x.push_back(100 * std::max(design.tried[i].share, kLeastShare));
    front.y.push_back(design.tried[i].agreement.kendall.value);
    front.labels.push_back(to_text(design.tried[i].recipe));
  }
  plot.series = {all, front};
  return plot;
}

}  // namespace ridgeline
