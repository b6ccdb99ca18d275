#include "report/plot.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "report/label_layout.h"
#include "report/svg.h"

namespace ridgeline {
namespace {

// Okabe and Ito, without the yellow that hardly shows on white.
constexpr std::array<const char*, 7> kPalette = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                 "#e69f00", "#56b4e9", "#000000"};
constexpr const char* kGrid = "#e4e4e4";
constexpr const char* kFrame = "#555555";
constexpr const char* kSmallPrint = "#555555";
constexpr const char* kPale = "38";  // opacity of a band, as a colour's last two digits
constexpr const char* kDashes = "7 4";
constexpr double kTickSize = 12, kLabelSize = 11, kAxisSize = 13, kTitleSize = 15;
constexpr double kRadius = 4.5;
constexpr double kGap = 8;
constexpr double kLegendRow = 20, kLegendSample = 28;
constexpr double kLineStep = 5;      // pixels between the boxes that stand for a line
constexpr double kLineWeight = 0.6;  // a label rather crosses a line than another label
constexpr double kLabelPadding = 3;
constexpr double kLeaderFrom = 14;  // a label farther away than this is tied to its point

class Drawing {
 public:
  explicit Drawing(const Plot& plot)
      : plot_(plot),
        area_(room(plot)),
        x_(plot.x, values(plot, &Series::x), area_.left, area_.right),
        y_(plot.y, heights(plot), area_.bottom, area_.top),
        canvas_(plot.width, plot.height, plot.title),
        labels_(area_) {}

  std::string run() {
    draw_axes();
    canvas_.begin_clip(area_.left, area_.top, area_.width(), area_.height());
    for (size_t i = 0; i < plot_.series.size(); ++i) draw_band(i);
    for (size_t i = 0; i < plot_.series.size(); ++i) draw_line(i);
    for (size_t i = 0; i < plot_.series.size(); ++i) draw_markers(i);
    canvas_.end_clip();
    for (size_t i = 0; i < plot_.series.size(); ++i) draw_labels(i);
    draw_legend();
    return canvas_.str();
  }

 private:
  using Points = std::vector<std::pair<double, double>>;

  static std::vector<double> values(const Plot& plot, std::vector<double> Series::*which) {
    std::vector<double> all;
    for (const Series& series : plot.series) {
      all.insert(all.end(), (series.*which).begin(), (series.*which).end());
    }
    return all;
  }

  /// The y values with the edges of the bands.
  static std::vector<double> heights(const Plot& plot) {
    std::vector<double> all = values(plot, &Series::y);
    for (const Series& series : plot.series) {
      for (size_t i = 0; i < series.spread.size(); ++i) {
        all.push_back(series.y[i] - series.spread[i]);
        all.push_back(series.y[i] + series.spread[i]);
      }
    }
    return all;
  }

  static double legend_width(const Plot& plot) {
    double widest = 0;
    for (const Series& series : plot.series) {
      if (!series.name.empty()) widest = std::max(widest, text_width(series.name, kTickSize));
    }
    return widest > 0 ? widest + kLegendSample + 3 * kGap : 2 * kGap;
  }

  /// The rectangle of the data: what title, ticks, labels and legend leave. The ticks of the y axis
  /// hardly depend on where it ends, so their widths are taken from a first layout.
  static Box room(const Plot& plot) {
    Box area{0, plot.title.empty() ? 2 * kGap : 3 * kGap + kTitleSize, 0, 0};
    area.bottom = plot.height - (kTickSize + kAxisSize + 4 * kGap);
    if (!plot.note.empty()) area.bottom -= kLabelSize + kGap;
    double widest = 0;
    const AxisScale y(plot.y, heights(plot), area.bottom, area.top);
    for (const Tick& tick : y.ticks()) {
      widest = std::max(widest, text_width(tick.label, kTickSize));
    }
    area.left = widest + kAxisSize + 4 * kGap;
    area.right = plot.width - legend_width(plot);
    if (area.width() < 60 || area.height() < 60) {
      throw Error(ErrorKind::kConfig, "plot '" + plot.title +
                                          "': title, labels and legend leave no room for the "
                                          "data; use a larger picture or shorter names");
    }
    return area;
  }

  std::string color_of(size_t index) const {
    const int chosen = plot_.series[index].color.value_or(static_cast<int>(index));
    return kPalette[static_cast<size_t>(chosen) % kPalette.size()];
  }
  Points pixels(const Series& series) const {
    Points points;
    for (size_t i = 0; i < series.x.size(); ++i) {
      points.emplace_back(x_.pixel(series.x[i]), y_.pixel(series.y[i]));
    }
    return points;
  }
  bool inside(const std::pair<double, double>& point) const {
    return point.first >= area_.left - 0.5 && point.first <= area_.right + 0.5 &&
           point.second >= area_.top - 0.5 && point.second <= area_.bottom + 0.5;
  }

  void draw_axes() {
    const double middle = (area_.left + area_.right) / 2;
    for (const Tick& tick : x_.ticks()) draw_x_tick(tick);
    for (const Tick& tick : y_.ticks()) draw_y_tick(tick);
    canvas_.rectangle(area_.left, area_.top, area_.width(), area_.height(), {.color = kFrame});
    if (!plot_.title.empty()) {
      canvas_.text(middle, kGap + kTitleSize, plot_.title,
                   {.size = kTitleSize, .anchor = TextAnchor::kMiddle, .bold = true});
    }
    const double below = area_.bottom + kTickSize + kAxisSize + 2 * kGap;
    canvas_.text(middle, below, plot_.x.label, {.size = kAxisSize, .anchor = TextAnchor::kMiddle});
    canvas_.text(kGap + kAxisSize, (area_.top + area_.bottom) / 2, plot_.y.label,
                 {.size = kAxisSize, .anchor = TextAnchor::kMiddle, .rotate = -90});
    if (!plot_.note.empty()) {
      canvas_.text(area_.left, plot_.height - kGap, plot_.note,
                   {.size = kLabelSize, .color = kSmallPrint});
    }
  }

  void draw_x_tick(const Tick& tick) {
    const double at = x_.pixel(tick.value);
    const bool major = !tick.label.empty();
    if (major) canvas_.line(at, area_.top, at, area_.bottom, {.color = kGrid});
    canvas_.line(at, area_.bottom, at, area_.bottom + (major ? 5 : 3), {.color = kFrame});
    if (major) {
      canvas_.text(at, area_.bottom + kTickSize + 6, tick.label,
                   {.size = kTickSize, .anchor = TextAnchor::kMiddle});
    }
  }

  void draw_y_tick(const Tick& tick) {
    const double at = y_.pixel(tick.value);
    const bool major = !tick.label.empty();
    if (major) canvas_.line(area_.left, at, area_.right, at, {.color = kGrid});
    canvas_.line(area_.left - (major ? 5 : 3), at, area_.left, at, {.color = kFrame});
    if (major) {
      canvas_.text(area_.left - kGap, at + kTickSize * 0.35, tick.label,
                   {.size = kTickSize, .anchor = TextAnchor::kEnd});
    }
  }

  void draw_band(size_t index) {
    const Series& series = plot_.series[index];
    if (series.spread.empty()) return;
    const size_t count = series.x.size();
    Points outline;
    for (size_t i = 0; i < count; ++i)
      outline.emplace_back(x_.pixel(series.x[i]), y_.pixel(series.y[i] + series.spread[i]));
    for (size_t i = count; i-- > 0;)
      outline.emplace_back(x_.pixel(series.x[i]), y_.pixel(series.y[i] - series.spread[i]));
    canvas_.polygon(outline, color_of(index) + kPale);
  }

  void draw_line(size_t index) {
    const Series& series = plot_.series[index];
    if (!series.line) return;
    Points points;
    for (const auto& point : pixels(series)) {
      if (series.steps && !points.empty()) points.emplace_back(point.first, points.back().second);
      points.push_back(point);
    }
    canvas_.polyline(
        points, {.color = color_of(index), .width = 2, .dashes = series.dashed ? kDashes : ""});
    for (size_t i = 1; i < points.size(); ++i) block_segment(points[i - 1], points[i]);
  }

  void block_segment(const std::pair<double, double>& from, const std::pair<double, double>& to) {
    const double dx = to.first - from.first, dy = to.second - from.second;
    const double steps = std::min(2000.0, std::ceil(std::hypot(dx, dy) / kLineStep));
    for (double i = 0; i <= steps; ++i) {
      const double x = from.first + dx * i / std::max(1.0, steps);
      const double y = from.second + dy * i / std::max(1.0, steps);
      labels_.block({x - 2, y - 2, x + 2, y + 2}, kLineWeight);
    }
  }

  void draw_markers(size_t index) {
    const Series& series = plot_.series[index];
    if (series.marker == Marker::kNone) return;
    for (const auto& [x, y] : pixels(series)) {
      draw_marker(series.marker, x, y, color_of(index));
      labels_.block({x - kRadius, y - kRadius, x + kRadius, y + kRadius});
    }
  }

  void draw_marker(Marker marker, double x, double y, const std::string& color) {
    const double r = kRadius;
    switch (marker) {
      case Marker::kNone:
        return;
      case Marker::kCircle:
        return canvas_.circle(x, y, r, color);
      case Marker::kSquare: {
        const double h = r * 0.9;
        return canvas_.polygon({{x - h, y - h}, {x + h, y - h}, {x + h, y + h}, {x - h, y + h}},
                               color);
      }
      case Marker::kTriangle:
        return canvas_.polygon(
            {{x, y - r * 1.2}, {x + r * 1.1, y + r * 0.8}, {x - r * 1.1, y + r * 0.8}}, color);
      case Marker::kDiamond: {
        const double d = r * 1.25;
        return canvas_.polygon({{x, y - d}, {x + d, y}, {x, y + d}, {x - d, y}}, color);
      }
      case Marker::kCross:
        canvas_.line(x - r, y - r, x + r, y + r, {.color = color, .width = 2.2});
        return canvas_.line(x - r, y + r, x + r, y - r, {.color = color, .width = 2.2});
    }
  }

  void draw_labels(size_t index) {
    const Series& series = plot_.series[index];
    if (series.labels.empty()) return;
    const Points points = pixels(series);
    for (size_t i = 0; i < points.size(); ++i) {
      if (series.labels[i].empty() || !inside(points[i])) continue;
      const auto [x, y] = points[i];
      const double width = text_width(series.labels[i], kLabelSize) + kLabelPadding;
      const Box box = labels_.place(x, y, width, kLabelSize);
      const double near_x = std::clamp(x, box.left, box.right);
      const double near_y = std::clamp(y, box.top, box.bottom);
      if (std::hypot(near_x - x, near_y - y) > kLeaderFrom) {
        canvas_.line(x, y, near_x, near_y, {.color = color_of(index), .width = 0.6});
      }
      canvas_.text((box.left + box.right) / 2, box.bottom - kLabelSize * 0.15, series.labels[i],
                   {.size = kLabelSize, .anchor = TextAnchor::kMiddle});
    }
  }

  void draw_legend() {
    double y = area_.top + kLegendRow / 2;
    const double x = area_.right + 2 * kGap;
    for (size_t i = 0; i < plot_.series.size(); ++i) {
      const Series& series = plot_.series[i];
      if (series.name.empty()) continue;
      if (series.line) {
        canvas_.line(x, y, x + kLegendSample, y,
                     {.color = color_of(i), .width = 2, .dashes = series.dashed ? kDashes : ""});
      }
      draw_marker(series.marker, x + kLegendSample / 2, y, color_of(i));
      canvas_.text(x + kLegendSample + kGap * 0.75, y + kTickSize * 0.35, series.name,
                   {.size = kTickSize});
      y += kLegendRow;
    }
  }

  const Plot& plot_;
  Box area_;
  AxisScale x_, y_;
  SvgCanvas canvas_;
  LabelLayout labels_;
};

void check(const Plot& plot) {
  const auto require = [&](bool condition, const std::string& what) {
    if (!condition) throw Error(ErrorKind::kConfig, "plot '" + plot.title + "': " + what);
  };
  require(plot.width >= 240 && plot.height >= 160, "the picture must be at least 240 x 160 pixels");
  require(!plot.series.empty(), "there is no series to show");
  for (const Series& series : plot.series) {
    const std::string where = "series '" + series.name + "': ";
    require(!series.x.empty(), where + "there are no points");
    require(series.x.size() == series.y.size(),
            where + std::to_string(series.x.size()) + " x values, " +
                std::to_string(series.y.size()) + " y values; give as many of both");
    require(series.labels.empty() || series.labels.size() == series.x.size(),
            where + std::to_string(series.labels.size()) + " labels for " +
                std::to_string(series.x.size()) + " points; give one each, or none");
    require(series.spread.empty() || series.spread.size() == series.x.size(),
            where + std::to_string(series.spread.size()) + " spreads for " +
                std::to_string(series.x.size()) + " points; give one each, or none");
    require(series.line || series.marker != Marker::kNone,
            where + "neither line nor marker: nothing would be seen");
    require(!series.color || *series.color >= 0, where + "the color must not be negative");
  }
}

}  // namespace

std::string to_svg(const Plot& plot) {
  check(plot);
  return Drawing(plot).run();
}

}  // namespace ridgeline
