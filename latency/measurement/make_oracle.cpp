#include "latency/measurement/make_oracle.h"

#include "latency/file_oracle.h"
#include "latency/measurement/measured.h"
#include "latency/measurement/table_oracle.h"
#include "latency/power_law.h"
#include "latency/whole_network.h"

namespace ridgeline {

std::unique_ptr<LatencyOracle> make_oracle(const LatencyConfig& config,
                                           const NetworkWriters& writers) {
  switch (config.kind) {
    case LatencyKind::kRoofline:
      return std::make_unique<RooflineOracle>(load_hardware(config.hardware), config.batch,
                                              config.precision);
    case LatencyKind::kWholeNetwork:
      return std::make_unique<WholeNetworkOracle>(load_hardware(config.hardware), config.batch,
                                                  config.precision);
    case LatencyKind::kPowerLaw:
      return std::make_unique<PowerLawOracle>(load_hardware(config.hardware), config.batch,
                                              config.precision);
    case LatencyKind::kMeasured:
      return std::make_unique<MeasuredOracle>(config);
    case LatencyKind::kCommand:
      return std::make_unique<CommandOracle>(config, writers);
    case LatencyKind::kTable:
      return std::make_unique<TableOracle>(config);
    case LatencyKind::kTableFile:
      return std::make_unique<FileOracle>(config);
    case LatencyKind::kSurrogate:
      return std::make_unique<SurrogateOracle>(config);
    case LatencyKind::kNone:
      return std::make_unique<NoOracle>();
  }
  throw Error(ErrorKind::kInternal, "latency: unknown kind of oracle");
}

}  // namespace ridgeline
