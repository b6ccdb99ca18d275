#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "scaling/lacs.h"

namespace ridgeline::test {

/// Wide, deep and large enough that rounding leaves many steps.
inline Architecture base_network() {
  Architecture a;
  a.name = "planted";
  a.resolution = 200;
  a.stem.filters = 160;
  a.stages = {{.filters = 160, .layers = 20}};
  a.head.filters = 160;
  return a;
}

/// What rounding really made of a triple.
inline ScalingFactors built(const Architecture& a) {
  return {a.stages[0].layers / 20.0, a.stages[0].filters / 160.0, a.resolution / 200.0};
}

/// A known optimum: a device, and dimensions that saturate and complement each other.
struct Plant {
  double depth_cost = 0.9, width_cost = 1.2, resolution_cost = 2.2;
  double depth_share = 0.35, width_share = 0.30, rho = 4, gain = 0.5;

  /// 10 ms for the base network.
  double latency_ms(const ScalingFactors& f) const {
    return 10 * std::pow(f.depth, depth_cost) * std::pow(f.width, width_cost) *
           std::pow(f.resolution, resolution_cost);
  }
  /// 0.70 for the base network; -ln of the error grows with the logarithm of the CES mean.
  double accuracy(const ScalingFactors& f) const {
    const double mix = depth_share * std::pow(f.depth, -rho) +
                       width_share * std::pow(f.width, -rho) +
                       (1 - depth_share - width_share) * std::pow(f.resolution, -rho);
    return 1 - 0.3 * std::pow(mix, gain / rho);
  }
};

/// Plants whose optimum lies inside the default box.
inline Plant random_plant(uint32_t seed) {
  std::mt19937 random(seed);
  const auto between = [&](double low, double high) {
    return low + (high - low) * (static_cast<double>(random()) / 4294967296.0);
  };
  return {.depth_cost = between(0.8, 1.0),
          .width_cost = between(0.9, 1.6),
          .resolution_cost = between(1.9, 2.8),
          .depth_share = between(0.25, 0.4),
          .width_share = between(0.25, 0.35),
          .rho = between(3, 8),
          .gain = between(0.3, 0.9)};
}

inline double planted_reward(double accuracy, double latency_ms, double target_ms = 20,
                             double w = -0.09) {
  return accuracy * std::pow(latency_ms / target_ms, w);
}

/// What LACS sees of a plant, by what was really built.
inline LacsCallbacks callbacks_of(const Plant& plant) {
  LacsCallbacks callbacks;
  callbacks.latency_ms = [plant](const Architecture& a) { return plant.latency_ms(built(a)); };
  callbacks.reward = [](LacsCandidate& c) { c.reward = planted_reward(c.accuracy, c.latency_ms); };
  callbacks.evaluate = [plant, reward = callbacks.reward](std::vector<LacsCandidate>& candidates) {
    for (auto& candidate : candidates) {
      candidate.accuracy = plant.accuracy(built(candidate.architecture));
      reward(candidate);
    }
  };
  return callbacks;
}

/// The same without rounding.
inline LacsCallbacks unrounded_callbacks_of(const Plant& plant) {
  LacsCallbacks callbacks = callbacks_of(plant);
  callbacks.unrounded_ms = [plant](const ScalingFactors& f) { return plant.latency_ms(f); };
  callbacks.evaluate = [plant, reward = callbacks.reward](std::vector<LacsCandidate>& candidates) {
    for (auto& candidate : candidates) {
      candidate.accuracy = plant.accuracy(candidate.coefficients.at(1));
      reward(candidate);
    }
  };
  return callbacks;
}

/// Every candidate is evaluated.
inline LacsConfig planted_config() {
  LacsConfig config;
  config.grid.tolerance = 0.02;
  config.grid.max_candidates = 100000;
  return config;
}

}  // namespace ridgeline::test
