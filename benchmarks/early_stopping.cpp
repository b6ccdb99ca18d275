// Replays the rules of `search.early_stopping` over the learning curves of a finished run whose
// trials were all trained in full, in many orders of the same trials: what would have been saved,
// whether the best network would have survived, and how ranks at a rung agree with the final ones,
// over all trials and over those that the rule lets through.
//
//   bench_early_stopping RUN [BATCH [ORDERS]]

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <optional>

#include "accuracy/data/dataset.h"
#include "core/random.h"
#include "core/rank_correlation.h"
#include "core/units.h"
#include "experiments/early_stopping.h"
#include "experiments/run_directory.h"
#include "experiments/scoring.h"

namespace ridgeline {
namespace {

/// Ranks of fewer than so many say nothing.
constexpr size_t kFewSurvivors = 5;

struct Curve {
  std::vector<double> rewards;  // after epoch 1, 2, ...
  double final_reward() const { return rewards.back(); }
};

/// Of the trials that were trained in full and scored after each epoch.
std::vector<Curve> curves_of(RunDirectory& run) {
  const Scoring scoring(run.config());
  std::vector<Curve> curves;
  for (Trial trial : run.store().trials(Phase::kSearch, /*architectures=*/false)) {
    if (trial.status != TrialStatus::kComplete || trial.reused_from >= 0) continue;
    Curve curve;
    for (const double accuracy : accuracies_of(run.store().attempts(trial.id).back().evaluation)) {
      trial.accuracy = accuracy;
      curve.rewards.push_back(scoring.reward(trial));
    }
    if (static_cast<int>(curve.rewards.size()) == run.config().accuracy.training.epochs)
      curves.push_back(std::move(curve));
  }
  return curves;
}

struct Replay {
  double saved = 0;      // share of the epochs
  double best_lost = 0;  // 1 where the trial of the highest final reward was stopped
  double regret = 0;     // what the best surviving reward lacks of the highest
  double survivors = 0;
  std::optional<double> kendall_survivors = {};  // of the first rung
};

Replay replay(const EarlyStoppingConfig& config, const std::vector<Curve>& curves,
              const std::vector<int>& order, size_t batch) {
  const int epochs = static_cast<int>(curves[0].rewards.size());
  EarlyStopping rules(config, epochs);
  std::vector<int> survivors;
  int64_t trained = 0;
  for (size_t begin = 0; begin < order.size(); begin += batch) {
    std::vector<int> going(
        order.begin() + static_cast<long>(begin),
        order.begin() + static_cast<long>(std::min(begin + batch, order.size())));
    for (int rung = 0; rung < rules.rungs(); ++rung) {
      const int epoch = rules.epoch_of(rung);
      for (const int i : going) {
        const auto& rewards = curves[static_cast<size_t>(i)].rewards;
        // Ids in the order of proposals, as in a search.
        rules.reached(rung, static_cast<uint64_t>(i), {rewards.begin(), rewards.begin() + epoch});
      }
      std::erase_if(going, [&](int i) {
        const bool stopped = !rules.stops(rung, static_cast<uint64_t>(i)).empty();
        if (stopped) trained += epoch;
        return stopped;
      });
    }
    for (const int i : going) {
      trained += epochs;
      rules.completed(static_cast<uint64_t>(i));
      survivors.push_back(i);
    }
  }
  Replay result;
  const auto final_of = [&](int i) { return curves[static_cast<size_t>(i)].final_reward(); };
  double best = 0, best_surviving = 0;
  for (const int i : order) best = std::max(best, final_of(i));
  std::vector<double> early, late;
  for (const int i : survivors) {
    best_surviving = std::max(best_surviving, final_of(i));
    early.push_back(
        curves[static_cast<size_t>(i)].rewards[static_cast<size_t>(rules.epoch_of(0) - 1)]);
    late.push_back(final_of(i));
  }
  result.saved = 1 - static_cast<double>(trained) /
                         (static_cast<double>(epochs) * static_cast<double>(order.size()));
  result.best_lost = best_surviving < best ? 1 : 0;
  result.regret = best - best_surviving;
  result.survivors = static_cast<double>(survivors.size());
  if (early.size() >= kFewSurvivors) result.kendall_survivors = kendall(early, late);
  return result;
}

std::vector<int> order_of(size_t count, int number) {
  std::vector<int> order(count);
  std::iota(order.begin(), order.end(), 0);
  if (number == 0) return order;  // the run's own
  RandomStream stream(1, static_cast<uint64_t>(number), "order of trials");
  return permutation(static_cast<int>(count), stream);
}

void print_rule(const EarlyStoppingConfig& config, const std::vector<Curve>& curves, size_t batch,
                int orders) {
  Replay mean;
  int ranked = 0;
  double kendall_sum = 0;
  for (int number = 0; number < orders; ++number) {
    const Replay one = replay(config, curves, order_of(curves.size(), number), batch);
    mean.saved += one.saved / orders;
    mean.best_lost += one.best_lost / orders;
    mean.regret += one.regret / orders;
    mean.survivors += one.survivors / orders;
    if (!one.kendall_survivors) continue;
    ++ranked;
    kendall_sum += *one.kendall_survivors;
  }
  std::printf(
      "%-7s  reduction %d  min_epochs %d  saved %4.1f %%  survivors %4.1f  best stopped "
      "%4.1f %%  reward lost %.4f  ",
      enum_name(config.kind).c_str(), config.reduction, *config.min_epochs, 100 * mean.saved,
      mean.survivors, 100 * mean.best_lost, mean.regret);
  if (2 * ranked >= orders) {
    std::printf("Kendall of survivors %.2f\n", kendall_sum / ranked);
  } else {
    std::printf("too few survivors to rank\n");
  }
}

void print_agreement(const std::vector<Curve>& curves) {
  std::vector<double> late;
  for (const Curve& curve : curves) late.push_back(curve.final_reward());
  for (size_t epoch = 0; epoch < curves[0].rewards.size(); ++epoch) {
    std::vector<double> early;
    for (const Curve& curve : curves) early.push_back(curve.rewards[epoch]);
    std::printf("epoch %zu against the last: Kendall %.2f over all %zu\n", epoch + 1,
                kendall(early, late), curves.size());
  }
}

int run(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: bench_early_stopping RUN [BATCH [ORDERS]]\n";
    return 2;
  }
  RunDirectory directory = RunDirectory::read(argv[1]);
  const auto curves = curves_of(directory);
  if (curves.size() < 2) {
    std::cerr << argv[1] << ": has no two trials that were scored after each epoch\n";
    return 1;
  }
  const size_t batch = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 8;
  const int orders = argc > 3 ? std::atoi(argv[3]) : 200;
  std::printf("%zu trials of %zu epochs, batches of %zu, %d orders\n", curves.size(),
              curves[0].rewards.size(), batch, orders);
  print_agreement(curves);
  for (const EarlyStoppingKind kind : {EarlyStoppingKind::kAsha, EarlyStoppingKind::kMedian}) {
    for (const int reduction : {2, 3}) {
      for (const int min_epochs : {1, 2, 3}) {
        EarlyStoppingConfig config;
        config.kind = kind;
        config.reduction = reduction;
        config.min_epochs = min_epochs;
        print_rule(config, curves, std::max<size_t>(batch, 1), std::max(orders, 1));
      }
    }
  }
  return 0;
}

}  // namespace
}  // namespace ridgeline

int main(int argc, char** argv) {
  try {
    return ridgeline::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
