#include "report/svg.h"

#include <cmath>

#include "core/units.h"

namespace ridgeline {
namespace {

// Widest of the fonts that browsers fall back on, in ems; bold and capitals stay below it on
// average.
constexpr double kCharacterWidth = 0.6;
constexpr const char* kFonts = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";
constexpr const char* kMarkerEdge = " stroke=\"#ffffff\" stroke-width=\"0.8\"";

std::string attribute(const char* name, double value) {
  return std::string(" ") + name + "=\"" + svg_number(value) + "\"";
}

std::string attribute(const char* name, const std::string& value) {
  return std::string(" ") + name + "=\"" + escape_xml(value) + "\"";
}

std::string attributes(const Stroke& stroke) {
  std::string text = attribute("stroke", stroke.color) + attribute("stroke-width", stroke.width);
  if (!stroke.dashes.empty()) text += attribute("stroke-dasharray", stroke.dashes);
  return text;
}

std::string points_text(const std::vector<std::pair<double, double>>& points) {
  std::string text;
  for (const auto& [x, y] : points) {
    if (!text.empty()) text += ' ';
    text += svg_number(x) + "," + svg_number(y);
  }
  return text;
}

const char* to_string(TextAnchor anchor) {
  return anchor == TextAnchor::kStart ? "start" : anchor == TextAnchor::kEnd ? "end" : "middle";
}

}  // namespace

std::string escape_xml(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return out;
}

std::string svg_number(double value) {
  std::string text = format_fixed(value, 2);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

double text_width(const std::string& text, double size) {
  size_t characters = 0;  // of UTF-8: continuation bytes do not count
  for (const char c : text) characters += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  return static_cast<double>(characters) * size * kCharacterWidth;
}

SvgCanvas::SvgCanvas(double width, double height, const std::string& title) {
  body_ = "<svg xmlns=\"http://www.w3.org/2000/svg\"" + attribute("width", width) +
          attribute("height", height) + " viewBox=\"0 0 " + svg_number(width) + " " +
          svg_number(height) + "\" role=\"img\"" + attribute("font-family", std::string(kFonts)) +
          ">\n<title>" + escape_xml(title) + "</title>\n<rect" + attribute("width", width) +
          attribute("height", height) + " fill=\"#ffffff\"/>\n";
}

void SvgCanvas::line(double x0, double y0, double x1, double y1, const Stroke& stroke) {
  body_ += "<line" + attribute("x1", x0) + attribute("y1", y0) + attribute("x2", x1) +
           attribute("y2", y1) + attributes(stroke) + "/>\n";
}

void SvgCanvas::polyline(const std::vector<std::pair<double, double>>& points,
                         const Stroke& stroke) {
  body_ += "<polyline" + attribute("points", points_text(points)) + " fill=\"none\"" +
           attributes(stroke) + " stroke-linejoin=\"round\"/>\n";
}

void SvgCanvas::polygon(const std::vector<std::pair<double, double>>& points,
                        const std::string& fill) {
  body_ += "<polygon" + attribute("points", points_text(points)) + attribute("fill", fill) +
           kMarkerEdge + "/>\n";
}

void SvgCanvas::circle(double x, double y, double radius, const std::string& fill) {
  body_ += "<circle" + attribute("cx", x) + attribute("cy", y) + attribute("r", radius) +
           attribute("fill", fill) + kMarkerEdge + "/>\n";
}

void SvgCanvas::rectangle(double x, double y, double width, double height, const Stroke& stroke) {
  body_ += "<rect" + attribute("x", x) + attribute("y", y) + attribute("width", width) +
           attribute("height", height) + " fill=\"none\"" + attributes(stroke) + "/>\n";
}

void SvgCanvas::text(double x, double y, const std::string& text, const TextStyle& style) {
  body_ += "<text" + attribute("x", x) + attribute("y", y) + attribute("font-size", style.size) +
           attribute("fill", style.color) + " text-anchor=\"" + to_string(style.anchor) + "\"";
  if (style.bold) body_ += " font-weight=\"bold\"";
  if (style.rotate != 0) {
    body_ += " transform=\"rotate(" + svg_number(style.rotate) + " " + svg_number(x) + " " +
             svg_number(y) + ")\"";
  }
  body_ += ">" + escape_xml(text) + "</text>\n";
}

void SvgCanvas::begin_clip(double x, double y, double width, double height) {
  const std::string id = "clip" + std::to_string(++clips_);
  body_ += "<clipPath id=\"" + id + "\"><rect" + attribute("x", x) + attribute("y", y) +
           attribute("width", width) + attribute("height", height) +
           "/></clipPath>\n<g clip-path=\"url(#" + id + ")\">\n";
}

void SvgCanvas::end_clip() { body_ += "</g>\n"; }

std::string SvgCanvas::str() const { return body_ + "</svg>\n"; }

}  // namespace ridgeline
