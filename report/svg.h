#pragma once

#include <string>
#include <utility>
#include <vector>

namespace ridgeline {

/// Text for XML content and attributes: & < > " ' as entities; control characters, which XML 1.0
/// has no place for, as '?'.
std::string escape_xml(const std::string& text);

/// A pixel coordinate as SVG writes it: at most two decimals, the same on every machine.
std::string svg_number(double value);

enum class TextAnchor { kStart, kMiddle, kEnd };

struct TextStyle {
  double size = 12;  ///< pixels
  TextAnchor anchor = TextAnchor::kStart;
  std::string color = "#222222";
  bool bold = false;
  double rotate = 0;  ///< degrees, clockwise, around the position
};

struct Stroke {
  std::string color = "#222222";
  double width = 1;
  std::string dashes = {};  ///< SVG's stroke-dasharray; empty: solid
};

/// Collects the elements of one SVG picture, in drawing order. Coordinates are pixels from the top
/// left.
class SvgCanvas {
 public:
  /// `title` is what screen readers announce.
  SvgCanvas(double width, double height, const std::string& title);

  void line(double x0, double y0, double x1, double y1, const Stroke& stroke);
  void polyline(const std::vector<std::pair<double, double>>& points, const Stroke& stroke);
  void polygon(const std::vector<std::pair<double, double>>& points, const std::string& fill);
  void circle(double x, double y, double radius, const std::string& fill);
  void rectangle(double x, double y, double width, double height, const Stroke& stroke);
  void text(double x, double y, const std::string& text, const TextStyle& style);
  /// What follows is cut at this rectangle, until `end_clip`.
  void begin_clip(double x, double y, double width, double height);
  void end_clip();

  /// The whole document.
  std::string str() const;

 private:
  std::string body_;
  int clips_ = 0;
};

/// Estimated width of `text` in pixels, on the safe side for common sans-serif fonts.
double text_width(const std::string& text, double size);

}  // namespace ridgeline
