#pragma once

#include <array>
#include <vector>

#include "accuracy/data/dataset.h"

namespace ridgeline {

/// One affine map (x, y) -> (a x + b y + e, c x + d y + f) of an iterated function system.
struct AffineMap {
  double a = 0, b = 0, c = 0, d = 0, e = 0, f = 0;
  double determinant() const { return a * d - b * c; }
  /// Largest singular value of the linear part: below 1 the map is a contraction.
  double norm() const;
};

/// The class of a fractal image: 2 to 8 contractions, one of which is applied at every step, drawn
/// with a probability in proportion to its |determinant|.
using FractalClass = std::vector<AffineMap>;

/// A class as in FractalDB (Kataoka et al., 2020): maps drawn uniformly, drawn again until every
/// one contracts and the attractor fills enough of its bounding box.
FractalClass draw_fractal_class(RandomStream& stream);
/// Share of the cells of a 32 x 32 grid over the attractor's bounding box that the attractor
/// touches.
double filling_rate(const FractalClass& maps, RandomStream& stream);

/// Generated colour images, the same for equal (classes, image_size, train_per_class,
/// test_per_class, seed): every image varies its class's parameters, orientation, place, size, 3 x
/// 3 patch and colours, over a cluttered and noisy ground. The classes are equally frequent and in
/// turn. The validation part is not yet taken.
Dataset generate_fractals(const DataConfig& config);

}  // namespace ridgeline
