#include "report/label_layout.h"

#include <algorithm>
#include <array>
#include <limits>

namespace ridgeline {
namespace {

/// Where a label stands relative to its point, in half sizes of the label: (1, 0) is right of it.
struct Direction {
  double x, y;
};
// By preference: right reads best, then left, above, below, and the corners.
constexpr std::array<Direction, 8> kDirections = {
    {{1, 0}, {-1, 0}, {0, -1}, {0, 1}, {1, -1}, {1, 1}, {-1, -1}, {-1, 1}}};
constexpr std::array<double, 8> kDistances = {7, 13, 20, 28, 38, 50, 64, 80};
constexpr double kCostPerPixel = 0.4;        // of distance, in square pixels covered
constexpr double kCostPerPreference = 0.05;  // of each step down kDirections
constexpr double kOutside = 10;              // leaving the area is worse than covering something

}  // namespace

double overlap(const Box& a, const Box& b) {
  const double width = std::min(a.right, b.right) - std::max(a.left, b.left);
  const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}

void LabelLayout::block(const Box& box, double weight) { obstacles_.push_back({box, weight}); }

double LabelLayout::cost(const Box& box) const {
  double sum = kOutside * (box.width() * box.height() - overlap(box, area_));
  for (const Obstacle& obstacle : obstacles_) {
    sum += obstacle.weight * overlap(box, obstacle.box);
  }
  return sum;
}

Box LabelLayout::place(double x, double y, double width, double height) {
  Box best;
  double least = std::numeric_limits<double>::infinity();
  for (const double distance : kDistances) {
    for (size_t i = 0; i < kDirections.size(); ++i) {
      const double center_x = x + kDirections[i].x * (width / 2 + distance);
      const double center_y = y + kDirections[i].y * (height / 2 + distance);
      const Box box{center_x - width / 2, center_y - height / 2, center_x + width / 2,
                    center_y + height / 2};
      const double price =
          cost(box) + kCostPerPixel * distance + kCostPerPreference * static_cast<double>(i);
      if (price < least) {
        least = price;
        best = box;
      }
    }
  }
  block(best);
  return best;
}

}  // namespace ridgeline
