#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/axis.h"

namespace ridgeline {

enum class Marker { kNone, kCircle, kSquare, kTriangle, kDiamond, kCross };

/// Points that belong together: one entry of the legend.
struct Series {
  std::string name;  ///< empty: not in the legend
  std::vector<double> x, y;
  std::vector<std::string> labels = {};  ///< beside each point; empty: none
  std::vector<double> spread = {};  ///< half the height of a pale band at each point; empty: none
  bool line = true;
  bool steps = false;  ///< the line keeps a point's y up to the next point's x: a staircase
  bool dashed = false;
  Marker marker = Marker::kNone;
  std::optional<int> color = {};  ///< index of the palette; ~: the number of the series
};

/// A two-dimensional plot: lines and scatter on linear, logarithmic or named axes.
struct Plot {
  std::string title;
  Axis x, y;
  std::vector<Series> series;
  std::string note = {};          ///< small print below the x axis: conditions, source
  int width = 820, height = 520;  ///< pixels of the whole picture
};

/// The picture as a self-contained SVG document; equal plots give equal text. The colours are Okabe
/// and Ito's for all kinds of colour vision, and every series is told apart by its marker or its
/// place in the legend too. Throws `kConfig` for a plot without points, a series whose x, y and
/// labels differ in number or that shows nothing (no line, no marker), values that an axis cannot
/// show (see AxisScale), and a size below 240 x 160.
std::string to_svg(const Plot& plot);

}  // namespace ridgeline
