#include "latency/measured.h"

#include "core/logging.h"
#include "core/units.h"
#include "network/cost.h"

namespace ridgeline {

void count_work(const Network& network, Latency& latency) {
  const NetworkCost needs = cost(network);
  latency.intensity =
      needs.operational_intensity(bytes_per_element(latency.precision), latency.batch);
  latency.flops = 2.0 * static_cast<double>(needs.total.madds) * latency.batch;
  latency.bytes = latency.intensity > 0 ? latency.flops / latency.intensity : 0;
}

MeasuredOracle::MeasuredOracle(const LatencyConfig& config)
    : place_(RunPlace::of(config)),
      rules_(timing_rules(config)),
      device_text_(place_.device_text()) {}

std::string MeasuredOracle::description() const {
  return device_text_ + ", batch " + std::to_string(place_.batch) + ", " +
         enum_name(place_.precision) + ", " + enum_name(place_.memory_format) +
         ", measured, median to +-" + format_fixed(100 * rules_.half_width, 1) + " % in up to " +
         std::to_string(rules_.max_runs) + " runs";
}

Latency MeasuredOracle::estimate(const Network& network) const {
  DeviceRun run(place_, network);
  const Timing timing = time_median(rules_, [&] { return run.run_ms(); });
  Latency latency{.ms = timing.median_ms,
                  .batch = place_.batch,
                  .precision = place_.precision,
                  .device = device_text_,
                  .method = "measured",
                  .spread_ms = timing.spread_ms,
                  .repeats = timing.runs,
                  .low_ms = timing.low_ms,
                  .high_ms = timing.high_ms,
                  .noise = timing.noise};
  count_work(network, latency);
  if (!timing.noise.empty()) {
    spdlog::warn("latency: {} on {}, {}: the machine is noisy: {}; keep other work off it",
                 network.name(), device_text_, format_ms(timing.median_ms), timing.noise);
  }
  return latency;
}

}  // namespace ridgeline
