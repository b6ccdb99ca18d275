#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/network_commands.h"
#include "core/units.h"
#include "latency/whole_network.h"
#include "network/cost.h"
#include "network/published/known_networks.h"

namespace ridgeline {
namespace {

/// Table 3 states I for this device and batch.
constexpr const char* kIntensityHardware = "tpu_v3";
constexpr int kIntensityBatch = 128;
constexpr const char* kIntensityConvention =
    "I: FLOP per byte at 2 FLOPs per multiply-add, a batch of 128 and 16-bit elements; every "
    "operator's input, weights and output once,\n   batch norm and activations fused (as in "
    "Equation 1)";

struct Row {
  const KnownNetwork* known;
  OperatorCost cost;
  double intensity;
};

std::vector<std::string> families() {
  std::vector<std::string> names;
  for (const KnownNetwork& known : known_networks()) {
    if (std::find(names.begin(), names.end(), known.family) == names.end()) {
      names.push_back(known.family);
    }
  }
  return names;
}

void check_family(const std::string& family) {
  const auto names = families();
  if (family.empty() || std::find(names.begin(), names.end(), family) != names.end()) return;
  throw Error(ErrorKind::kUsage,
              "--family: '" + family + "' is not a family; valid: " + join(names));
}

std::vector<Row> rows_of(const std::string& family) {
  const WholeNetworkOracle oracle(load_hardware(kIntensityHardware), kIntensityBatch);
  std::vector<Row> rows;
  for (const KnownNetwork& known : known_networks()) {
    if (!family.empty() && known.family != family) continue;
    const Network network = known.build(known.resolution);
    rows.push_back({&known, cost(network).total, oracle.estimate(network).intensity});
  }
  return rows;
}

void print_networks_table(const std::vector<Row>& rows) {
  TextTable table{{"network", "family", "px", "params", "MAdds", "I", "source"}, {}};
  for (const Row& row : rows) {
    table.rows.push_back({row.known->name, row.known->family, std::to_string(row.known->resolution),
                          format_count(static_cast<double>(row.cost.params)),
                          format_count(static_cast<double>(row.cost.madds)),
                          format_fixed(row.intensity, 1), row.known->source});
  }
  std::cout << table.str() << rows.size() << " networks for 1000 classes\n"
            << kIntensityConvention << "\n";
}

void print_networks_csv(const std::vector<Row>& rows) {
  std::cout << "network,family,resolution,params,madds,intensity,source\n";
  for (const Row& row : rows) {
    std::cout << row.known->name << "," << row.known->family << "," << row.known->resolution << ","
              << row.cost.params << "," << row.cost.madds << ","
              << ConfigWriter::plain_number(row.intensity) << ",\"" << row.known->source << "\"\n";
  }
}

void print_networks_json(const std::vector<Row>& rows) {
  auto json = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    json.push_back({{"network", row.known->name},
                    {"family", row.known->family},
                    {"resolution", row.known->resolution},
                    {"params", row.cost.params},
                    {"madds", row.cost.madds},
                    {"intensity", row.intensity},
                    {"source", row.known->source}});
  }
  std::cout << json.dump(2) << "\n";
}

}  // namespace

void networks_command(const NetworksOptions& options) {
  if (options.csv && options.json) {
    throw Error(ErrorKind::kUsage, "--csv and --json exclude each other");
  }
  check_family(options.family);
  const std::vector<Row> rows = rows_of(options.family);
  if (options.csv) {
    print_networks_csv(rows);
  } else if (options.json) {
    print_networks_json(rows);
  } else {
    print_networks_table(rows);
  }
}

}  // namespace ridgeline
