#pragma once

#include <memory>
#include <string>
#include <vector>

#include "experiments/paper/block_accuracy.h"
#include "experiments/paper/block_search.h"
#include "experiments/paper/reproduction.h"
#include "latency/roofline.h"

namespace ridgeline::paper {

/// What the searches of one device share: oracle, accuracy and reward.
class Bench {
 public:
  Bench(const Device& device, const std::filesystem::path& data,
        const Assumptions& assumptions = {});
  Problem problem(const SearchSpace& space) const {
    return block_problem(space, oracle_, accuracy_, reward_);
  }
  const Device& device() const { return device_; }
  const LatencyOracle& oracle() const { return oracle_; }
  const BlockAccuracy& accuracy() const { return accuracy_; }

 private:
  Device device_;
  RooflineOracle oracle_;
  BlockAccuracy accuracy_;
  Reward reward_;
};

/// A space of configs/spaces by name.
SearchSpace load_space(const std::string& name);
/// EfficientNet-B0 with ReLU in place of swish.
Architecture efficientnet_b0_relu();
/// The architecture of configs/architectures with a name of ours.
Architecture shipped_architecture(const std::string& name);

/// How much faster `b` is than `a` by surrogates of Accel-NASBench's measured throughputs: A100,
/// RTX 3090. Activations do not count (the measured networks have ReLU).
struct MeasuredRatio {
  std::string device;
  double ratio = 0;
};
std::vector<MeasuredRatio> measured_ratios(const std::filesystem::path& data, const Architecture& a,
                                           const Architecture& b);

/// The name of a row, its figures and what the paper says about it.
std::vector<std::string> scored_row(const std::string& name, const Scored& scored);
std::vector<std::string> scored_header();

}  // namespace ridgeline::paper
