#include "report/confusion_plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "core/error.h"
#include "core/units.h"
#include "report/svg.h"

namespace ridgeline {
namespace {

constexpr size_t kMostCounts = 20, kMostNames = 60;
constexpr double kMatrixPixels = 640, kLargestCell = 48, kEdge = 24, kTitle = 34, kAxis = 24;
constexpr double kNameSize = 11;
constexpr double kDark = 0.5;  // share from which the text is white
const std::string kMatrixFrame = "#cccccc";

/// From white to the blue of the palette (Okabe and Ito).
std::string shade(double share) {
  constexpr std::array<double, 3> kBlue{0x00, 0x72, 0xB2};
  std::array<int, 3> color{};
  for (size_t i = 0; i < 3; ++i) {
    color[i] = static_cast<int>(std::lround(255 + (kBlue[i] - 255) * share));
  }
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "#%02x%02x%02x", color[0], color[1], color[2]);
  return text.data();
}

/// Draws one plot; the matrix has its upper left corner at (left, top).
class ConfusionDrawing {
 public:
  explicit ConfusionDrawing(const ConfusionPlot& plot)
      : plot_(plot),
        cell_(std::min(kLargestCell, kMatrixPixels / static_cast<double>(plot.classes.size()))) {
    double names = 0;
    if (has_names()) {
      for (const std::string& name : plot.classes) {
        names = std::max(names, text_width(name, kNameSize));
      }
    }
    left_ = kEdge + kAxis + names + 6;
    top_ = kEdge + kTitle + kAxis + names + 6;
    side_ = cell_ * static_cast<double>(plot.classes.size());
  }

  std::string draw() {
    SvgCanvas canvas(left_ + side_ + kEdge, top_ + side_ + kEdge, plot_.title);
    canvas.text(left_ + side_ / 2, kEdge + 12, plot_.title,
                {.size = 15, .anchor = TextAnchor::kMiddle, .bold = true});
    canvas.text(left_ + side_ / 2, kEdge + kTitle, "taken for", {.anchor = TextAnchor::kMiddle});
    canvas.text(kEdge + 8, top_ + side_ / 2, "class",
                {.anchor = TextAnchor::kMiddle, .rotate = -90});
    for (size_t row = 0; row < plot_.classes.size(); ++row) draw_row(canvas, row);
    canvas.rectangle(left_, top_, side_, side_, {.color = kMatrixFrame});
    return canvas.str();
  }

 private:
  bool has_names() const { return plot_.classes.size() <= kMostNames; }
  double x(size_t column) const { return left_ + cell_ * static_cast<double>(column); }
  double y(size_t row) const { return top_ + cell_ * static_cast<double>(row); }

  void draw_row(SvgCanvas& canvas, size_t row) const {
    const auto& counts = plot_.counts[row];
    const auto total = std::accumulate(counts.begin(), counts.end(), int64_t{0});
    for (size_t column = 0; column < counts.size(); ++column) {
      if (counts[column] == 0) continue;
      const double share = static_cast<double>(counts[column]) / static_cast<double>(total);
      const double x0 = x(column), y0 = y(row);
      canvas.polygon({{x0, y0}, {x0 + cell_, y0}, {x0 + cell_, y0 + cell_}, {x0, y0 + cell_}},
                     shade(share));
      if (plot_.classes.size() > kMostCounts) continue;
      canvas.text(x0 + cell_ / 2, y0 + cell_ / 2 + 4, std::to_string(counts[column]),
                  {.size = kNameSize,
                   .anchor = TextAnchor::kMiddle,
                   .color = share > kDark ? "#ffffff" : "#222222"});
    }
    if (!has_names()) return;
    const double middle = cell_ / 2 + 4;
    canvas.text(left_ - 6, y(row) + middle, plot_.classes[row],
                {.size = kNameSize, .anchor = TextAnchor::kEnd});
    canvas.text(x(row) + middle, top_ - 6, plot_.classes[row], {.size = kNameSize, .rotate = -90});
  }

  const ConfusionPlot& plot_;
  double cell_;
  double left_ = 0, top_ = 0, side_ = 0;
};

}  // namespace

std::string to_svg(const ConfusionPlot& plot) {
  const size_t classes = plot.classes.size();
  const bool is_square =
      plot.counts.size() == classes &&
      std::all_of(plot.counts.begin(), plot.counts.end(),
                  [&](const std::vector<int64_t>& row) { return row.size() == classes; });
  if (classes == 0 || !is_square) {
    throw Error(ErrorKind::kConfig,
                "confusion matrix: needs classes, and a count for each pair of them");
  }
  return ConfusionDrawing(plot).draw();
}

}  // namespace ridgeline
