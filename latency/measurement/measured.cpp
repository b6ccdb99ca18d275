#include "latency/measurement/measured.h"

#include "core/logging.h"
#include "core/units.h"
#include "latency/measurement/drift_correction.h"
#include "latency/work.h"

namespace ridgeline {

namespace {

// What a GPU's reference network takes is its launches, which says little of the GPU's speed.
bool is_drift_corrected(const LatencyConfig& config) {
  return config.kind == LatencyKind::kMeasured && config.measured.drift_correction &&
         config.measured.device == "cpu";
}

}  // namespace

LatencyConfig at_one_speed(LatencyConfig config, std::optional<double> recorded_ms) {
  if (!is_drift_corrected(config) || config.measured.reference_ms) return config;
  config.measured.reference_ms = recorded_ms ? *recorded_ms : present_speed(RunPlace::of(config));
  return config;
}

MeasuredOracle::MeasuredOracle(const LatencyConfig& config)
    : place_(RunPlace::of(config)),
      rules_(timing_rules(config.timing)),
      device_text_(place_.device_text()),
      drift_corrected_(is_drift_corrected(config)),
      nominal_ms_(config.measured.reference_ms.value_or(0)) {}

std::string MeasuredOracle::description() const {
  return device_text_ + ", batch " + std::to_string(place_.batch) + ", " +
         enum_name(place_.precision) + ", " + enum_name(place_.memory_format) +
         ", measured, median to +-" + format_fixed(100 * rules_.half_width, 1) + " % in up to " +
         std::to_string(rules_.max_runs) + " runs";
}

Latency MeasuredOracle::estimate(const Network& network) const {
  if (drift_corrected_ && nominal_ms_ <= 0) nominal_ms_ = present_speed(place_);
  DeviceRun run(place_, network);
  const auto run_ms = [&] { return run.run_ms(); };
  Timing timing;
  if (drift_corrected_) {
    DriftMeter meter(place_);
    timing = time_drift_corrected(meter, rules_, nominal_ms_, run_ms);
  } else {
    timing = time_median(rules_, run_ms);
  }
  Latency latency{.ms = timing.median_ms,
                  .batch = place_.batch,
                  .precision = place_.precision,
                  .device = device_text_,
                  .method = "measured",
                  .spread_ms = timing.spread_ms,
                  .repeats = timing.runs,
                  .low_ms = timing.low_ms,
                  .high_ms = timing.high_ms,
                  .reference_ms = drift_corrected_ ? nominal_ms_ : 0,
                  .noise = timing.noise};
  count_work(network, latency);
  if (!timing.noise.empty()) {
    spdlog::warn("latency: {} on {}, {}: the machine is noisy: {}; keep other work off it",
                 network.name(), device_text_, format_ms(timing.median_ms), timing.noise);
  }
  return latency;
}

}  // namespace ridgeline
