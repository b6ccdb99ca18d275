#include "core/units.h"
#include "experiments/paper/comparison.h"
#include "experiments/paper/reports.h"
#include "latency/roofline.h"
#include "network/published/known_networks.h"
#include "report/roofline_plot.h"

namespace ridgeline::paper {
namespace {

const std::vector<std::string> kDevices = {"tpu_v3", "v100", "xeon_skylake"};
/// Rows of Table 3: the ends of both families, and the two networks of the highest I.
const std::vector<std::string> kRows = {"EfficientNet-B0",   "EfficientNet-B7", "EfficientNet-X-B0",
                                        "EfficientNet-X-B7", "ResNet-50",       "Inception-v4"};
constexpr double kTera = 1e12;

/// FLOP/s that the paper's latency on TPUv3 means, with its own multiply-adds.
double published_rate(const PublishedRow& row) {
  return 2 * row.madds_g * 1e9 * kBatch / (row.tpu_v3_ms * 1e-3);
}

Roof roof_of(const Hardware& hardware) {
  return {hardware.name, hardware.peak_flops(hardware.default_precision),
          hardware.bytes_per_second()};
}

Series published_points() {
  Series series{.name = "paper: Table 3, TPUv3",
                .x = {},
                .y = {},
                .line = false,
                .marker = Marker::kCross,
                .color = 6};
  for (const std::string& name : kRows) {
    series.x.push_back(table3_row(name).intensity);
    series.y.push_back(published_rate(table3_row(name)) / kTera);
  }
  return series;
}

}  // namespace

Report figure2_report() {
  std::vector<Roof> roofs;
  std::vector<RooflinePoint> points;
  TextTable table;
  table.header = {"device",    "network",        "I", "TFLOP/s", "of the roof",
                  "paper's I", "paper's TFLOP/s"};
  std::vector<std::vector<std::string>> cells;
  for (const std::string& device : kDevices) {
    const Hardware hardware = load_hardware(device);
    const RooflineOracle oracle(hardware, kBatch);
    roofs.push_back(roof_of(hardware));
    for (const std::string& name : kRows) {
      const PublishedRow& row = table3_row(name);
      const bool gpu = device == "v100";
      const Latency latency =
          oracle.estimate(load_network(gpu ? row.timed_on_v100 : row.timed_on_tpu));
      const double rate = latency.flops / (latency.ms * 1e-3);
      points.push_back({name, roofs.size() - 1, latency.intensity, rate});
      const bool published = device == "tpu_v3";
      cells.push_back(
          {device, name, format_fixed(latency.intensity, 1), format_fixed(rate / kTera, 2),
           format_fixed(100 * rate / roofs.back().attainable(latency.intensity), 0) + " %",
           published ? format_fixed(row.intensity, 1) : "",
           published ? format_fixed(published_rate(row) / kTera, 2) : ""});
    }
  }
  table.rows = cells;
  Plot plot = roofline_plot("Rooflines with networks, batch 128", roofs, points);
  plot.series.push_back(published_points());
  plot.note = "I and rate of ours by the roofline oracle; crosses: I and latency of Table 3";
  std::string text = "Figure 2: networks on the rooflines, batch 128\n\n";
  for (const Roof& roof : roofs) {
    text += roof.name + ": " + format_fixed(roof.peak_flops / kTera, 2) + " TFLOP/s, " +
            format_fixed(roof.bytes_per_second / 1e9, 0) +
            " GB/s, ridge point I = " + format_fixed(roof.ridge_point(), 1) + "\n";
  }
  return {text + "\n" + table.str(),
          {{"figure2.svg", to_svg(plot)}, {"figure2.csv", to_csv(table.header, cells)}}};
}

}  // namespace ridgeline::paper
