#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/network_commands.h"
#include "app/roofline.h"
#include "core/error.h"
#include "core/file.h"
#include "core/units.h"
#include "latency/roofline.h"
#include "network/published/known_networks.h"

namespace ridgeline {
namespace {

constexpr double kTera = 1e12;
constexpr size_t kNamedKernels = 10;

/// A network on a device.
struct Placed {
  std::string network;
  size_t device = 0;
  Latency latency;
  double flops_per_second() const { return latency.flops / (latency.ms * 1e-3); }
};

std::vector<Placed> place(const std::vector<Network>& networks,
                          const std::vector<Hardware>& devices, int batch) {
  std::vector<Placed> placed;
  for (size_t i = 0; i < devices.size(); ++i) {
    const RooflineOracle oracle(devices[i], batch);
    for (const Network& network : networks) {
      placed.push_back({network.name(), i, oracle.estimate(network)});
    }
  }
  return placed;
}

std::vector<std::vector<std::string>> cells(const std::vector<Placed>& placed,
                                            const std::vector<Roof>& roofs, bool for_people) {
  std::vector<std::vector<std::string>> rows;
  for (const Placed& at : placed) {
    const Roof& roof = roofs[at.device];
    const double rate = at.flops_per_second() / kTera;
    const double share = at.flops_per_second() / roof.attainable(at.latency.intensity);
    const bool memory = at.latency.intensity < roof.ridge_point();
    rows.push_back({roof.name, at.network, format_fixed(at.latency.intensity, for_people ? 1 : 4),
                    format_fixed(rate, for_people ? 2 : 6),
                    for_people ? format_fixed(100 * share, 0) + " %" : format_fixed(share, 4),
                    memory ? "memory" : "compute",
                    for_people ? format_ms(at.latency.ms) : format_fixed(at.latency.ms, 6)});
  }
  return rows;
}

void print_roofline_table(const std::vector<Placed>& placed, const std::vector<Roof>& roofs) {
  for (const Roof& roof : roofs) {
    std::cout << roof.name << ": peak " << format_fixed(roof.peak_flops / kTera, 2)
              << " TFLOP/s, bandwidth " << format_fixed(roof.bytes_per_second / 1e9, 0)
              << " GB/s, ridge point I = " << format_fixed(roof.ridge_point(), 1) << " FLOP/byte\n";
  }
  TextTable table;
  table.header = {"device", "network", "I", "TFLOP/s", "of the roof", "roof", "latency"};
  table.rows = cells(placed, roofs, true);
  std::cout << "\n" << table.str();
}

void print_roofline_csv(const std::vector<Placed>& placed, const std::vector<Roof>& roofs) {
  std::cout << "device,network,intensity,tflops,share_of_roof,roof,latency_ms\n";
  for (const auto& row : cells(placed, roofs, false)) std::cout << join(row, ",") << "\n";
}

void print_roofline_json(const std::vector<Placed>& placed) {
  auto rows = nlohmann::ordered_json::array();
  for (const Placed& at : placed) {
    rows.push_back({{"device", at.latency.device},
                    {"network", at.network},
                    {"intensity", at.latency.intensity},
                    {"tflops", at.flops_per_second() / kTera},
                    {"latency_ms", at.latency.ms}});
  }
  std::cout << rows.dump(2) << "\n";
}

}  // namespace

Roof roof_of(const Hardware& hardware, std::optional<Precision> precision) {
  return {hardware.name, hardware.peak_flops(precision.value_or(hardware.default_precision)),
          hardware.bytes_per_second()};
}

Plot kernel_roofline(const Network& network, const Latency& latency, const Hardware& hardware) {
  std::vector<OperatorLatency> kernels;
  double other_ms = 0;
  for (const OperatorLatency& op : latency.operators) {
    if (op.flops > 0 && op.ms > 0) {
      kernels.push_back(op);
    } else {
      other_ms += op.ms;
    }
  }
  std::stable_sort(kernels.begin(), kernels.end(),
                   [](const OperatorLatency& a, const OperatorLatency& b) { return a.ms > b.ms; });
  std::vector<RooflinePoint> points;
  for (const OperatorLatency& kernel : kernels) {
    const bool named = points.size() < kNamedKernels;
    points.push_back({named ? network.node(kernel.node).name : "", 0, kernel.intensity,
                      kernel.flops / (kernel.ms * 1e-3)});
  }
  Plot plot = roofline_plot(network.name() + " on " + latency.device + ", batch " +
                                std::to_string(latency.batch) + ": its kernels",
                            {roof_of(hardware, latency.precision)}, points);
  plot.note = "named: the " + std::to_string(std::min(kNamedKernels, points.size())) +
              " slowest; kernels without FLOPs, not shown, take " +
              format_fixed(latency.ms > 0 ? 100 * other_ms / latency.ms : 0, 1) + " % of " +
              format_ms(latency.ms);
  return plot;
}

void roofline_command(const RooflineOptions& options) {
  if (options.batch < 1) throw Error(ErrorKind::kUsage, "--batch: must be at least 1");
  if (options.csv && options.json)
    throw Error(ErrorKind::kUsage, "--csv and --json exclude each other");
  std::vector<Hardware> devices;
  std::vector<Roof> roofs;
  for (const std::string& name : options.hardware) {
    devices.push_back(load_hardware(name));
    roofs.push_back(roof_of(devices.back()));
  }
  std::vector<Network> networks;
  for (const std::string& name : options.networks) networks.push_back(load_network(name));
  const std::vector<Placed> placed = place(networks, devices, options.batch);
  if (options.csv) {
    print_roofline_csv(placed, roofs);
  } else if (options.json) {
    print_roofline_json(placed);
  } else {
    print_roofline_table(placed, roofs);
  }
  if (options.svg.empty()) return;
  std::vector<RooflinePoint> points;
  for (const Placed& at : placed) {
    points.push_back({at.network, at.device, at.latency.intensity, at.flops_per_second()});
  }
  Plot plot = roofline_plot("Rooflines, batch " + std::to_string(options.batch), roofs, points);
  plot.note = "I and rate as the roofline oracle accounts them, each device in its own precision";
  write_file_atomic(options.svg, to_svg(plot));
}

}  // namespace ridgeline
