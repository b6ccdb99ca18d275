#include <algorithm>
#include <array>
#include <cmath>

#include "experiments/paper/coefficients.h"
#include "scaling/lacs.h"

namespace ridgeline::paper {
namespace {

constexpr double kLargestCoefficient = 2;

// Depths one from each range that builds the same network of layers 1, 2, 3 and 4.
constexpr std::array kDepths = {1.0, 1.12, 1.29, 1.41, 1.58, 1.71, 1.87, 2.0};
constexpr std::array kWidths = {1.0, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.35, 1.4};
constexpr std::array kResolutions = {1.0, 1.036, 1.072, 1.108, 1.144, 1.18, 1.215, 1.25, 1.286};

template <size_t N>
Decision factor_decision(const std::string& name, const std::array<double, N>& values) {
  Decision decision{.name = name, .labels = {}};
  for (const double value : values) decision.labels.push_back(ConfigWriter::plain_number(value));
  return decision;
}

}  // namespace

std::vector<double> level_phis() {
  std::vector<double> phis;
  for (size_t level = 0; level < 8; ++level) {
    const ScalingFactors f = published_scaling()[level].factors;
    phis.push_back(std::log2(f.depth * f.width * f.width * f.resolution * f.resolution));
  }
  return phis;
}

LacsFamily run_lacs(const LacsTask& task) {
  const auto latency = [&](const Architecture& architecture) {
    return task.oracle.estimate(lower(architecture)).ms;
  };
  LacsConfig config;
  config.latency_ratio = task.target_ms / latency(task.base);
  config.level = task.level;
  config.grid.tolerance = task.tolerance;
  config.grid.max_alpha = config.grid.max_beta = config.grid.max_gamma =
      1 + (kLargestCoefficient - 1) / std::max(1.0, task.level / 2);
  // At a higher level the same step of a coefficient is a larger step of the network.
  config.grid.coarse_step = task.coarse_step / std::max(1.0, task.level);
  config.grid.fine_step = task.fine_step / std::max(1.0, task.level);
  config.grid.max_candidates = task.max_candidates;
  config.family = task.family;
  config.fit_resolution = false;  // Equation 5 as it stands
  const LacsResult result = search_coefficients(
      task.base, config,
      {.latency_ms = latency, .evaluate = [&](std::vector<LacsCandidate>& candidates) {
         for (LacsCandidate& candidate : candidates) {
           candidate.accuracy = task.accuracy(candidate.architecture);
           candidate.reward = candidate.accuracy;
         }
       }});
  LacsFamily family{.coefficients = result.best,
                    .candidates = static_cast<int>(result.candidates.size())};
  const Architecture at_target = scale(task.base, result.best.at(task.level));
  for (const LacsCandidate& candidate : result.candidates) {
    if (!(candidate.architecture == at_target)) continue;
    family.at_target = {"target", result.best.at(task.level), at_target, candidate.accuracy,
                        candidate.latency_ms};
  }
  for (const FamilyMember& member : result.family) {
    family.members.push_back({member.name, member.factors, member.architecture,
                              task.accuracy(member.architecture), member.latency_ms});
  }
  return family;
}

std::function<double(const Architecture&)> scaled_accuracy(const Architecture& base,
                                                           double base_accuracy,
                                                           const ScalingAccuracy& scaling) {
  return [&base, base_accuracy, &scaling](const Architecture& scaled) {
    return scaling.scaled(base_accuracy, built_factors(base, scaled));
  };
}

ScalingFactors factors_of(const DirectTask& task, const Genotype& genotype) {
  const size_t first = task.space.decisions().size();
  return {kDepths.at(genotype.at(first)), kWidths.at(genotype.at(first + 1)),
          kResolutions.at(genotype.at(first + 2))};
}

Problem direct_problem(const DirectTask& task) {
  Problem problem{task.space.decisions(), {}};
  problem.decisions.push_back(factor_decision("depth", kDepths));
  problem.decisions.push_back(factor_decision("width", kWidths));
  problem.decisions.push_back(factor_decision("resolution", kResolutions));
  RewardConfig config;
  config.kind = RewardKind::kConstraint;
  config.target_ms = task.target_ms;
  problem.score = [task, reward = Reward(config)](const Genotype& genotype) {
    const Architecture base = task.space.decode(
        {genotype.begin(),
         genotype.begin() + static_cast<std::ptrdiff_t>(task.space.decisions().size())});
    const ScalingFactors factors = factors_of(task, genotype);
    Scored scored{.genotype = genotype, .architecture = scale(base, factors)};
    scored.accuracy = task.scaling.scaled(task.blocks(base, lower(base)),
                                          built_factors(base, scored.architecture));
    scored.latency_ms = task.oracle.estimate(lower(scored.architecture)).ms;
    scored.reward = reward(scored.accuracy, scored.latency_ms);
    return scored;
  };
  return problem;
}

}  // namespace ridgeline::paper
