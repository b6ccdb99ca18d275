#include "latency/file_oracle.h"

#include "core/error.h"
#include "latency/command_oracle.h"

namespace ridgeline {
namespace {

constexpr const char* kSection = "latency.table_file";

const TableConfig& checked(const TableConfig& config) {
  if (!is_accuracy(config.unit)) return config;
  throw Error(ErrorKind::kConfig,
              std::string(kSection) + ".unit: " + enum_name(config.unit) +
                  " is an accuracy's; valid for a latency: ms, s, images_per_s");
}

}  // namespace

PointOracle::PointOracle(const LatencyConfig& config, std::string method)
    : method_(std::move(method)),
      device_(config.table_file.value),
      batch_(config.batch),
      precision_(config.precision.value_or(Precision::kFp32)) {}

Latency PointOracle::estimate(const Network& network) const {
  throw Error(ErrorKind::kConfig, "latency.kind " + method_ +
                                      " prices points of plain decisions only, not the network " +
                                      network.name());
}

Latency PointOracle::latency_of(double ms) const {
  Latency latency;
  latency.ms = ms;
  latency.batch = batch_;
  latency.precision = precision_;
  latency.device = device_;
  latency.method = method_;
  return latency;
}

FileOracle::FileOracle(const LatencyConfig& config)
    : PointOracle(config, "table_file"),
      table_(checked(config.table_file), kSection, config.batch) {}

Latency FileOracle::estimate_architecture(const Architecture& architecture, const Network&) const {
  if (const auto ms = table_.find(architecture)) return latency_of(*ms);
  throw LatencyFailure(LatencyFailure::Cause::kFailed, table_.missing_text(architecture));
}

std::string FileOracle::description() const { return method() + " " + table_.source(); }

SurrogateOracle::SurrogateOracle(const LatencyConfig& config)
    : PointOracle(config, "surrogate"),
      surrogate_(checked(config.table_file), kSection, config.batch) {}

Latency SurrogateOracle::estimate_architecture(const Architecture& architecture,
                                               const Network&) const {
  if (const auto ms = surrogate_.predict(architecture)) return latency_of(*ms);
  throw LatencyFailure(
      LatencyFailure::Cause::kFailed,
      std::string(kSection) + ": no fitted row has a choice of " + choices_text(architecture));
}

std::string SurrogateOracle::description() const {
  return method() + " of " + surrogate_.description();
}

Latency NoOracle::unit() {
  Latency latency;
  latency.ms = 1;
  latency.method = "none";
  return latency;
}

}  // namespace ridgeline
