#include "report/roofline_plot.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/units.h"

namespace ridgeline {
namespace {

constexpr double kTera = 1e12;
// The roofs go this far beyond the outermost ridge point or network.
constexpr double kBeyond = 4;
constexpr int kWidth = 1060, kHeight = 660;  // names beside the points take room
constexpr std::array<Marker, 4> kMarkers = {Marker::kCircle, Marker::kSquare, Marker::kTriangle,
                                            Marker::kCross};

void require_positive(double value, const std::string& owner, const std::string& what) {
  if (value > 0) return;
  throw Error(ErrorKind::kConfig, "roofline: " + what + " of " + owner + " is " +
                                      format_fixed(value, 3) + "; it must be positive");
}

/// Three significant digits, without needless zeros.
std::string plain(double value) {
  std::string text = format_fixed(value, value >= 100 ? 0 : value >= 10 ? 1 : 2);
  while (text.find('.') != std::string::npos && (text.back() == '0' || text.back() == '.')) {
    text.pop_back();
  }
  return text;
}

struct Range {
  double low = 0, high = 0;
};

Range intensities(const std::vector<Roof>& roofs, const std::vector<RooflinePoint>& points) {
  Range range{roofs[0].ridge_point(), roofs[0].ridge_point()};
  const auto include = [&](double value) {
    range.low = std::min(range.low, value);
    range.high = std::max(range.high, value);
  };
  for (const Roof& roof : roofs) include(roof.ridge_point());
  for (const RooflinePoint& point : points) include(point.intensity);
  return {range.low / kBeyond, range.high * kBeyond};
}

Series roof_line(const Roof& roof, const Range& range, int color) {
  const double ridge = roof.ridge_point();
  return {
      .name = roof.name + ": " + plain(roof.peak_flops / kTera) + " TFLOP/s, " +
              plain(roof.bytes_per_second / 1e9) + " GB/s",
      .x = {range.low, ridge, range.high},
      .y = {roof.attainable(range.low) / kTera, roof.peak_flops / kTera, roof.peak_flops / kTera},
      .dashed = color % 2 == 1,  // devices with nearly the same roof would hide each other
      .color = color};
}

Series ridge_mark(const Roof& roof, int color) {
  const double ridge = roof.ridge_point();
  return {.name = "",
          .x = {ridge},
          .y = {roof.peak_flops / kTera},
          .labels = {"ridge point, I = " + plain(ridge)},
          .line = false,
          .marker = Marker::kDiamond,
          .color = color};
}

}  // namespace

double Roof::attainable(double intensity) const {
  return std::min(peak_flops, intensity * bytes_per_second);
}

Plot roofline_plot(const std::string& title, const std::vector<Roof>& roofs,
                   const std::vector<RooflinePoint>& points) {
  if (roofs.empty()) throw Error(ErrorKind::kConfig, "roofline: there is no device to show");
  for (const Roof& roof : roofs) {
    require_positive(roof.peak_flops, roof.name, "the peak rate");
    require_positive(roof.bytes_per_second, roof.name, "the bandwidth");
  }
  for (const RooflinePoint& point : points) {
    require_positive(point.intensity, point.label, "the operational intensity");
    require_positive(point.flops_per_second, point.label, "the attained rate");
  }
  Plot plot{.title = title,
            .x = {.label = "operational intensity I (FLOP/byte)", .kind = AxisKind::kLog},
            .y = {.label = "attained rate (TFLOP/s)", .kind = AxisKind::kLog},
            .series = {},
            .width = kWidth,
            .height = kHeight};
  const Range range = intensities(roofs, points);
  plot.x.min = range.low;
  plot.x.max = range.high;
  for (size_t i = 0; i < roofs.size(); ++i) {
    plot.series.push_back(roof_line(roofs[i], range, static_cast<int>(i)));
  }
  for (size_t i = 0; i < roofs.size(); ++i) {
    plot.series.push_back(ridge_mark(roofs[i], static_cast<int>(i)));
    Series on_device{.name = "on " + roofs[i].name,
                     .x = {},
                     .y = {},
                     .line = false,
                     .marker = kMarkers[i % kMarkers.size()],
                     .color = static_cast<int>(i)};
    for (const RooflinePoint& point : points) {
      if (point.roof != i) continue;
      on_device.x.push_back(point.intensity);
      on_device.y.push_back(point.flops_per_second / kTera);
      on_device.labels.push_back(point.label);
    }
    if (!on_device.x.empty()) plot.series.push_back(std::move(on_device));
  }
  return plot;
}

}  // namespace ridgeline
