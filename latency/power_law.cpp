#include "latency/power_law.h"

#include <algorithm>
#include <cmath>

#include "latency/work.h"

namespace ridgeline {

int64_t activations_of(const Network& network) {
  int64_t elements = 0;
  for (const Node& node : network.nodes()) {
    const bool counts =
        std::holds_alternative<Conv2d>(node.op) || std::holds_alternative<Linear>(node.op);
    if (counts) elements += node.shape.elements();
  }
  return elements;
}

// One of each at least: a network of nothing else has a latency too.
double power_law_ms(const EffectiveConstants& constants, double flops, double activations) {
  return constants.power_law_ms * std::pow(std::max(flops, 1.0) / 1e9, constants.power_law_flops) *
         std::pow(std::max(activations, 1.0) / 1e6, constants.power_law_activations);
}

PowerLawOracle::PowerLawOracle(const Hardware& hardware, int batch,
                               std::optional<Precision> precision)
    : device_(hardware.name),
      constants_(hardware.constants),
      batch_(batch),
      precision_(precision.value_or(hardware.default_precision)) {
  if (constants_.power_law_ms > 0) return;
  throw Error(ErrorKind::kConfig, "latency.kind power_law: hardware " + device_ +
                                      " has no constants.power_law_ms; `ridgeline calibrate` fits "
                                      "it to measurements");
}

Latency PowerLawOracle::estimate(const Network& network) const {
  Latency latency{
      .batch = batch_, .precision = precision_, .device = device_, .method = "power_law"};
  count_work(network, latency);
  latency.ms = power_law_ms(constants_, latency.flops,
                            static_cast<double>(activations_of(network)) * batch_);
  return latency;
}

std::string PowerLawOracle::description() const {
  return device_ + ", batch " + std::to_string(batch_) + ", " + enum_name(precision_) +
         ", power_law";
}

}  // namespace ridgeline
