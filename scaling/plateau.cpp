#include "scaling/plateau.h"

#include <algorithm>
#include <cmath>

namespace ridgeline {

AccuracyNoise measured_noise(const std::vector<double>& accuracies) {
  const auto count = static_cast<double>(accuracies.size());
  double mean = 0, squares = 0;
  for (const double accuracy : accuracies) mean += accuracy / count;
  for (const double accuracy : accuracies) squares += (accuracy - mean) * (accuracy - mean);
  return {std::sqrt(squares / (count - 1)), static_cast<int>(accuracies.size())};
}

const LacsCandidate* best_of(const std::vector<LacsCandidate>& candidates) {
  const LacsCandidate* best = nullptr;
  for (const auto& candidate : candidates) {
    if (candidate.failed) continue;
    if (best == nullptr || candidate.reward > best->reward ||
        (candidate.reward == best->reward && candidate.latency_ms < best->latency_ms)) {
      best = &candidate;
    }
  }
  return best;
}

Plateau plateau_of(const std::vector<LacsCandidate>& candidates, const LacsCandidate& best,
                   const AccuracyNoise& noise) {
  // The reward is about proportional to the accuracy, so that relative noise is that of both.
  const double relative = best.accuracy > 0 ? noise.deviation / best.accuracy : 0;
  const double least = best.reward - 2 * relative * std::abs(best.reward);
  Plateau plateau{
      .noise = noise, .triples = {}, .low = best.coefficients, .high = best.coefficients};
  for (const auto& candidate : candidates) {
    if (candidate.failed || candidate.reward < least) continue;
    ++plateau.networks;
    std::vector<CompoundCoefficients> triples = candidate.triples;
    if (triples.empty()) triples = {candidate.coefficients};
    for (const auto& triple : triples) {
      const auto stretch = [&](double CompoundCoefficients::*value) {
        plateau.low.*value = std::min(plateau.low.*value, triple.*value);
        plateau.high.*value = std::max(plateau.high.*value, triple.*value);
      };
      stretch(&CompoundCoefficients::alpha);
      stretch(&CompoundCoefficients::beta);
      stretch(&CompoundCoefficients::gamma);
      plateau.triples.push_back(triple);
    }
  }
  return plateau;
}

std::vector<std::string> coefficients_at_bounds(const CompoundCoefficients& best,
                                                const GridConfig& box, double largest_gamma) {
  std::vector<std::string> texts;
  const auto look = [&](const std::string& name, double value, double maximum) {
    if (value >= maximum * (1 - 1e-9)) {
      texts.push_back(name + " " + ConfigWriter::plain_number(value) +
                      " is at its bound scaling.max_" + name +
                      ": a higher one may give a better family");
    } else if (value <= 1 + 1e-9) {
      texts.push_back(name + " is at its lower bound 1: that dimension is not scaled");
    }
  };
  look("alpha", best.alpha, box.max_alpha);
  look("beta", best.beta, box.max_beta);
  look("gamma", best.gamma, largest_gamma);
  return texts;
}

}  // namespace ridgeline
