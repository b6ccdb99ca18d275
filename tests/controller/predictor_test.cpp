#include "controller/predictor.h"

#include <cmath>

#include "core/rank_correlation.h"
#include "tests/catch.h"
#include "tests/controller/spaces.h"

using namespace ridgeline;
using test::decision;

namespace {

std::vector<PredictorTrial> trials_of(const std::vector<double>& rewards) {
  std::vector<PredictorTrial> trials;
  for (const double reward : rewards) trials.push_back({{0}, reward});
  return trials;
}

std::vector<double> targets_of(const std::vector<PredictorTrial>& trials) {
  const Eigen::VectorXd targets = predictor_targets(trials);
  return {targets.begin(), targets.end()};
}

double sum_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

/// Skewed as accuracies are: most near the best, few far below.
double skewed_worth(const Genotype& genotype) {
  double sum = 0;
  for (size_t d = 0; d < genotype.size(); ++d) sum += (genotype[d] + static_cast<int>(d)) % 4;
  return 0.9 - std::exp(-sum / 8);
}

std::vector<PredictorTrial> drawn(const std::vector<Decision>& decisions, int n, uint64_t id) {
  RandomStream stream(1, id, "points");
  std::vector<PredictorTrial> trials;
  for (int i = 0; i < n; ++i) {
    Genotype genotype = random_genotype(decisions, stream);
    trials.push_back({genotype, skewed_worth(genotype)});
  }
  return trials;
}

}  // namespace

TEST_CASE("rewards that lie evenly become standard scores") {
  const double outer = std::sqrt(1.5);
  const auto targets = targets_of(trials_of({0.2, 0.4, 0.3}));
  CHECK(targets[0] == Approx(-outer));
  CHECK(targets[1] == Approx(outer));
  CHECK(targets[2] == Approx(0).margin(1e-12));
}

TEST_CASE("targets depend neither on the scale of the rewards nor on where they begin") {
  const std::vector<double> rewards = {0.1, 0.5, 0.7, 0.72, 0.74, 0.75, 0.751};
  std::vector<double> moved;
  for (const double reward : rewards) moved.push_back(300 * reward - 1e4);
  const auto expected = targets_of(trials_of(rewards));
  const auto found = targets_of(trials_of(moved));
  for (size_t i = 0; i < rewards.size(); ++i) CHECK(found[i] == Approx(expected[i]).margin(1e-6));
  CHECK(sum_of(found) == Approx(0).margin(1e-9));
}

TEST_CASE("a few bad rewards do not press all others together") {
  std::vector<double> rewards = {0.1, 0.2};
  for (int i = 0; i < 30; ++i) rewards.push_back(0.7 + 0.001 * i);
  const auto targets = targets_of(trials_of(rewards));
  const auto scores = [&](double reward) {
    double mean = 0, square = 0;
    for (const double value : rewards) mean += value / static_cast<double>(rewards.size());
    for (const double value : rewards)
      square += (value - mean) * (value - mean) / static_cast<double>(rewards.size());
    return (reward - mean) / std::sqrt(square);
  };
  CHECK(targets.back() - targets[2] > 2 * (scores(rewards.back()) - scores(rewards[2])));
}

TEST_CASE("a failed trial stands with the worst complete one, whatever its reward") {
  auto trials = trials_of({0.2, 0.4, 0.3});
  trials.push_back({{1}, 0, /*complete=*/false});
  trials.push_back({{1}, -1e9, /*complete=*/false});
  const auto targets = targets_of(trials);
  CHECK(targets[0] == Approx(-std::sqrt(1.5)));
  CHECK(targets[3] == targets[0]);
  CHECK(targets[4] == targets[0]);
}

TEST_CASE("a failed trial stands below complete ones that are all alike") {
  auto trials = trials_of({0.5, 0.5});
  trials.push_back({{1}, 0.5, /*complete=*/false});
  CHECK(targets_of(trials) == std::vector<double>{0, 0, -1});
}

TEST_CASE("where all trials failed, their rewards say which failed least") {
  auto trials = trials_of({-3, -1, -2});
  for (auto& trial : trials) trial.complete = false;
  const auto targets = targets_of(trials);
  CHECK(targets[0] < targets[2]);
  CHECK(targets[2] < targets[1]);
}

TEST_CASE("the expected improvement is that of a normal distribution") {
  const double density = 1 / std::sqrt(2 * M_PI);
  CHECK(log_expected_improvement(0.3, 2, 0.3) == Approx(std::log(2 * density)));
  CHECK(log_expected_improvement(1, 1, 0) == Approx(std::log(0.841344746 + 0.241970725)));
  CHECK(log_expected_improvement(-1, 1, 0) == Approx(std::log(0.241970725 - 0.158655254)));
  // The two ways of computing it meet; far below, candidates still differ.
  CHECK(log_expected_improvement(-5 - 1e-9, 1, 0) ==
        Approx(log_expected_improvement(-5 + 1e-9, 1, 0)).epsilon(1e-3));
  CHECK(log_expected_improvement(-100, 1, 0) > log_expected_improvement(-101, 1, 0));
  CHECK(std::isfinite(log_expected_improvement(-100, 1, 0)));
}

TEST_CASE("a predictor fitted to 200 of 4^16 points ranks others") {
  std::vector<Decision> decisions;
  for (int d = 0; d < 16; ++d) decisions.push_back(decision("d" + std::to_string(d), 4));
  const auto known = drawn(decisions, 200, 0);
  const auto unseen = drawn(decisions, 200, 1);
  const RewardPredictor predictor(decisions, known);
  std::vector<Genotype> genotypes;
  std::vector<double> rewards, expected;
  for (const auto& trial : unseen) {
    genotypes.push_back(trial.genotype);
    rewards.push_back(trial.reward);
  }
  const Candidates candidates(predictor.process(), genotypes);
  for (size_t i = 0; i < candidates.size(); ++i) expected.push_back(candidates.mean(i));
  CHECK(spearman(expected, rewards) > 0.9);
}

TEST_CASE("the best of noisy rewards counts for less than was observed") {
  const auto decisions = test::plain_space();
  std::vector<PredictorTrial> trials;
  RandomStream stream(1, 0, "noise");
  // The decisions say nothing: all is noise.
  for (int i = 0; i < 48; ++i)
    trials.push_back({random_genotype(decisions, stream), stream.uniform()});
  const RewardPredictor predictor(decisions, trials);
  const Eigen::VectorXd targets = predictor_targets(trials);
  CHECK(predictor.best() < targets.maxCoeff());
  CHECK(predictor.best() >= targets.mean());
}
