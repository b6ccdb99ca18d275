#pragma once

#include <vector>

namespace ridgeline {

/// A rectangle in pixels; y grows downwards.
struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;
  double width() const { return right - left; }
  double height() const { return bottom - top; }
};
/// Area that both cover, in square pixels.
double overlap(const Box& a, const Box& b);

/// Finds places for the labels of points so that they cover neither each other nor anything else
/// that was put down before. Deterministic: labels are placed in the order of the calls.
class LabelLayout {
 public:
  explicit LabelLayout(const Box& area) : area_(area) {}

  /// Something that labels should not cover. The smaller `weight` is, the rather they do.
  void block(const Box& box, double weight = 1);
  /// The best place near the point (x, y) for a label of this size: the nearest free one, or, where
  /// none is free, the one that covers least. The place is taken from then on.
  Box place(double x, double y, double width, double height);

 private:
  double cost(const Box& box) const;

  struct Obstacle {
    Box box;
    double weight = 1;
  };
  Box area_;
  std::vector<Obstacle> obstacles_;
};

}  // namespace ridgeline
