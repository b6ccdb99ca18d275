#include "accuracy/data/fractal.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace ridgeline {
namespace {

// How hard the images are. Chosen so that five epochs of 1,600 images tell good networks of the
// tiny space from bad ones.
constexpr double kParameterJitter = 0.15;  // relative change of each map's parameters
constexpr double kMinFillingRate = 0.20;   // of a class's attractor
constexpr double kMaxRotation = 0.45;      // radians, either way
constexpr double kMinExtent = 0.65;        // of the image's side
constexpr double kNoise = 30.0;            // half width of the triangular pixel noise
constexpr int kClutterStrokes = 3;         // line strokes in the ground
constexpr int kPointsPerPixel = 1;         // points of the chaos game for each pixel
constexpr int kBurnIn = 20;                // first points, not yet on the attractor
constexpr double kMaxNorm = 0.97;          // of a varied map

struct Point {
  double x = 0, y = 0;
};
using Colour = std::array<double, 3>;

/// Plays the chaos game and calls `visit(point, map)` for each point on the attractor.
template <class Visitor>
void play(const FractalClass& maps, int count, RandomStream& stream, const Visitor& visit) {
  std::vector<double> cumulative;
  double total = 0;
  for (const auto& map : maps) {
    total += std::abs(map.determinant()) + 0.02;  // a flat map is still drawn now and then
    cumulative.push_back(total);
  }
  Point p;
  for (int i = -kBurnIn; i < count; ++i) {
    const double u = stream.uniform() * total;
    size_t k = 0;
    while (k + 1 < maps.size() && u >= cumulative[k]) ++k;
    const AffineMap& m = maps[k];
    p = {m.a * p.x + m.b * p.y + m.e, m.c * p.x + m.d * p.y + m.f};
    if (i >= 0) visit(p, k);
  }
}

struct Box {
  double min_x = 1e300, max_x = -1e300, min_y = 1e300, max_y = -1e300;
  void add(const Point& p) {
    min_x = std::min(min_x, p.x);
    max_x = std::max(max_x, p.x);
    min_y = std::min(min_y, p.y);
    max_y = std::max(max_y, p.y);
  }
  double extent() const { return std::max({max_x - min_x, max_y - min_y, 1e-9}); }
};

AffineMap draw_contraction(RandomStream& stream) {
  const auto coefficient = [&] { return stream.uniform(-1.0, 1.0); };
  AffineMap map;
  do {
    map.a = coefficient();
    map.b = coefficient();
    map.c = coefficient();
    map.d = coefficient();
  } while (map.norm() >= 1.0);
  map.e = coefficient();
  map.f = coefficient();
  return map;
}

/// The class with every parameter changed a little; maps that would no longer contract are shrunk.
FractalClass vary(const FractalClass& maps, RandomStream& stream) {
  FractalClass varied = maps;
  for (auto& map : varied) {
    for (double* value : {&map.a, &map.b, &map.c, &map.d, &map.e, &map.f}) {
      *value *= stream.uniform(1.0 - kParameterJitter, 1.0 + kParameterJitter);
    }
    const double norm = map.norm();
    if (norm > kMaxNorm) {
      for (double* value : {&map.a, &map.b, &map.c, &map.d}) *value *= kMaxNorm / norm;
    }
  }
  return varied;
}

/// A square image of doubles, three channels last.
class Canvas {
 public:
  Canvas(int side, const Colour& ground)
      : side_(side), values_(static_cast<size_t>(side) * static_cast<size_t>(side) * 3) {
    for (size_t i = 0; i < values_.size(); ++i) values_[i] = ground[i % 3];
  }
  void paint(int x, int y, const Colour& colour) {
    if (x < 0 || y < 0 || x >= side_ || y >= side_) return;
    const size_t at =
        3 * (static_cast<size_t>(y) * static_cast<size_t>(side_) + static_cast<size_t>(x));
    for (size_t c = 0; c < 3; ++c) values_[at + c] = colour[c];
  }
  int side() const { return side_; }
  const std::vector<double>& values() const { return values_; }

 private:
  int side_;
  std::vector<double> values_;
};

Colour draw_colour(double low, double high, RandomStream& stream) {
  const auto component = [&] { return stream.uniform(low, high); };
  const double red = component(), green = component(), blue = component();
  return {red, green, blue};
}

/// Straight strokes of random colour: edges that say nothing of the class.
void clutter(Canvas& canvas, RandomStream& stream) {
  for (int stroke = 0; stroke < kClutterStrokes; ++stroke) {
    const Colour colour = draw_colour(0, 255, stream);
    double x = stream.uniform(0, canvas.side()), y = stream.uniform(0, canvas.side());
    const double angle = stream.uniform(0, 2 * std::numbers::pi);
    const int length = canvas.side() / 4 + stream.below(canvas.side() / 2);
    for (int i = 0; i < length; ++i) {
      canvas.paint(static_cast<int>(x), static_cast<int>(y), colour);
      x += std::cos(angle);
      y += std::sin(angle);
    }
  }
}

/// Paints the attractor turned, mirrored, scaled and placed at random, each point as a 3 x 3 patch.
void draw_attractor(const FractalClass& maps, Canvas& canvas, RandomStream& stream) {
  const double angle = stream.uniform(-kMaxRotation, kMaxRotation);
  const double mirror = stream.below(2) == 0 ? 1.0 : -1.0;
  const double cosine = std::cos(angle), sine = std::sin(angle);
  std::vector<Point> points;
  Box box;
  const int side = canvas.side();
  play(maps, kPointsPerPixel * side * side, stream, [&](const Point& p, size_t) {
    const double x = mirror * p.x;
    points.push_back({cosine * x - sine * p.y, sine * x + cosine * p.y});
    box.add(points.back());
  });
  const double extent = stream.uniform(kMinExtent, 1.0) * side;
  const double scale = extent / box.extent();
  const double left = stream.uniform(0, side - extent), top = stream.uniform(0, side - extent);
  const auto patch = static_cast<unsigned>(1 + stream.below(511));  // nine cells, not all empty
  const Colour colour = draw_colour(100, 255, stream);
  for (const Point& p : points) {
    const int x = static_cast<int>(left + (p.x - box.min_x) * scale);
    const int y = static_cast<int>(top + (p.y - box.min_y) * scale);
    for (int cell = 0; cell < 9; ++cell) {
      if (patch >> cell & 1U) canvas.paint(x + cell % 3 - 1, y + cell / 3 - 1, colour);
    }
  }
}

void render(const FractalClass& maps, int side, RandomStream& stream, uint8_t* pixels) {
  const Colour ground = draw_colour(0, 80, stream);
  Canvas canvas(side, ground);
  clutter(canvas, stream);
  draw_attractor(vary(maps, stream), canvas, stream);
  for (const double value : canvas.values()) {
    const uint64_t bits = stream.next();
    const double noise =
        kNoise * 0x1.0p-32 *
        (static_cast<double>(bits >> 32) - static_cast<double>(bits & 0xFFFFFFFFU));
    *pixels++ = static_cast<uint8_t>(std::lround(std::clamp(value + noise, 0.0, 255.0)));
  }
}

ImageSet render_set(const std::vector<FractalClass>& classes, const DataConfig& config,
                    int per_class, const char* purpose) {
  ImageSet set{config.fractal.image_size, config.fractal.image_size, 3, {}, {}};
  const int count = per_class * config.classes;
  set.pixels.resize(static_cast<size_t>(count) * set.image_bytes());
  for (int i = 0; i < count; ++i) {
    const int label = i % config.classes;
    set.labels.push_back(label);
    // A stream per image: an image does not depend on how many there are.
    RandomStream stream(config.seed, static_cast<uint64_t>(i), purpose);
    render(classes[static_cast<size_t>(label)], config.fractal.image_size, stream,
           set.pixels.data() + static_cast<size_t>(i) * set.image_bytes());
  }
  return set;
}

}  // namespace

double AffineMap::norm() const {
  const double sum = a * a + b * b + c * c + d * d;
  const double det = determinant();
  return std::sqrt(0.5 * (sum + std::sqrt(std::max(0.0, sum * sum - 4 * det * det))));
}

double filling_rate(const FractalClass& maps, RandomStream& stream) {
  constexpr int kGrid = 32;
  std::vector<Point> points;
  Box box;
  play(maps, 2 * kGrid * kGrid, stream, [&](const Point& p, size_t) {
    points.push_back(p);
    box.add(p);
  });
  std::vector<bool> touched(kGrid * kGrid);
  const double scale = (kGrid - 1e-6) / box.extent();
  for (const Point& p : points) {
    const auto column = static_cast<size_t>((p.x - box.min_x) * scale);
    const auto row = static_cast<size_t>((p.y - box.min_y) * scale);
    touched[row * kGrid + column] = true;
  }
  return static_cast<double>(std::count(touched.begin(), touched.end(), true)) / (kGrid * kGrid);
}

FractalClass draw_fractal_class(RandomStream& stream) {
  FractalClass maps;
  do {
    maps.assign(static_cast<size_t>(2 + stream.below(7)), {});
    for (auto& map : maps) map = draw_contraction(stream);
  } while (filling_rate(maps, stream) < kMinFillingRate);
  return maps;
}

Dataset generate_fractals(const DataConfig& config) {
  std::vector<FractalClass> classes;
  for (int c = 0; c < config.classes; ++c) {
    RandomStream stream(config.seed, static_cast<uint64_t>(c), "fractal class");
    classes.push_back(draw_fractal_class(stream));
  }
  Dataset data;
  data.classes = config.classes;
  data.train = render_set(classes, config, config.fractal.train_per_class, "fractal train");
  data.test = render_set(classes, config, config.fractal.test_per_class, "fractal test");
  return data;
}

}  // namespace ridgeline
