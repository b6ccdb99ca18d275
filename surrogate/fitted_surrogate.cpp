#include "surrogate/fitted_surrogate.h"

#include <algorithm>
#include <cmath>

#include "core/units.h"

namespace ridgeline {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// A file whose checksum is right can still have been written by hand: nothing may be read past an
/// end.
bool consistent(const SurrogateContent& content, const Encoding& encoding) {
  const Index size = encoding.size();
  const auto fits = [&](const Standardization& s) {
    return s.mean.size() == size && s.factor.size() == size;
  };
  const auto square = [&](const MatrixXd& m) { return m.rows() == size && m.cols() == size; };
  if (!fits(content.distance.standardization()) || !square(content.distance.inverse()))
    return false;
  if (const auto* quadratic = std::get_if<Quadratic>(&content.model)) {
    return fits(quadratic->standardization) && quadratic->linear.size() == size &&
           (quadratic->square.size() == 0 || square(quadratic->square));
  }
  const auto& trees = std::get<BoostedTrees>(content.model);
  if (trees.depth < 1 || trees.depth > 16) return false;
  const auto depth = static_cast<size_t>(trees.depth);
  return trees.asked.size() % depth == 0 &&
         trees.leaves.size() == (trees.asked.size() / depth) << depth &&
         std::all_of(trees.asked.begin(), trees.asked.end(),
                     [&](uint32_t at) { return at < trees.questions.size(); }) &&
         std::all_of(trees.questions.begin(), trees.questions.end(),
                     [&](const auto& q) { return q.feature >= 0 && q.feature < size; });
}

/// The space's point with the first choice everywhere, as YAML without its name: all that is fixed.
std::string fixed_text(const SearchSpace& space) {
  Genotype first;
  for (const auto& decision : space.decisions())
    first.push_back(is_active(decision, first) ? 0 : kInactive);
  Architecture architecture = space.decode(first);
  architecture.name.clear();
  if (space.leaves_open(kResolutionField)) architecture.resolution = 0;
  if (space.leaves_open(kMomentumField)) architecture.bn_momentum = 0;
  return to_yaml(architecture);
}

}  // namespace

SurrogateShape shape_of(const Architecture& architecture) {
  if (architecture.is_plain()) return {};
  return {architecture.classes, architecture.input_channels, architecture.resolution,
          architecture.bn_momentum};
}

std::string space_difference(const SearchSpace& a, const SearchSpace& b) {
  const auto& mine = a.decisions();
  const auto& theirs = b.decisions();
  for (size_t d = 0; d < std::max(mine.size(), theirs.size()); ++d) {
    if (d >= mine.size()) return "it does not search " + theirs[d].name;
    if (d >= theirs.size() || mine[d].name != theirs[d].name)
      return "it searches " + mine[d].name + (d < theirs.size() ? ", not " + theirs[d].name : "");
    if (mine[d].labels != theirs[d].labels)
      return "its " + mine[d].name + " is one of " + join(mine[d].labels) + ", not of " +
             join(theirs[d].labels);
    if (mine[d].active_when != theirs[d].active_when)
      return "its " + mine[d].name + " matters under other conditions";
  }
  if (a.is_plain() != b.is_plain()) return "one is of networks, the other of plain decisions";
  return fixed_text(a) == fixed_text(b) ? "" : "its fixed values differ";
}

FittedSurrogate::FittedSurrogate(SurrogateContent content)
    : content_(std::move(content)),
      space_(SearchSpace::from_yaml(
          YamlView::parse(content_.space_yaml, content_.space_name + ".yaml"))),
      encoding_(space_) {
  if (!consistent(content_, encoding_))
    throw Error(ErrorKind::kData, "its numbers do not fit its space");
}

VectorXd FittedSurrogate::encoded(const Architecture& architecture) const {
  VectorXd row(encoding_.size());
  encoding_.encode(space_.encode(architecture), architecture, row);
  return row;
}

double FittedSurrogate::mean(const VectorXd& row) const {
  const double value =
      std::visit([&](const auto& model) { return model.predict(row); }, content_.model);
  return std::clamp(value, 0.0, 1.0);
}

double FittedSurrogate::accuracy(const Architecture& architecture) const {
  return mean(encoded(architecture));
}

SurrogatePrediction FittedSurrogate::predict(const Architecture& architecture) const {
  const VectorXd row = encoded(architecture);
  const double leverage = content_.distance.leverage(row);
  return {.accuracy = mean(row),
          .deviation = content_.uncertainty.deviation(leverage),
          .leverage = leverage,
          .place = content_.uncertainty.place(leverage)};
}

void FittedSurrogate::require(const SearchSpace& space) const {
  const std::string what = space_difference(space, space_);
  if (what.empty()) return;
  throw Error(ErrorKind::kData, "the surrogate was fitted to another space (" +
                                    content_.space_name + ") than " + space.name() + ": " + what +
                                    "; fit one to this space");
}

std::string FittedSurrogate::description() const {
  const SurrogateFigures& f = content_.figures.front();
  return enum_name(f.model) + " of " + std::to_string(encoding_.size()) + " features on " +
         std::to_string(content_.rows) + " rows of " + content_.source + "; in " +
         std::to_string(content_.folds) + " folds mean absolute error " +
         format_fixed(100 * f.mean_absolute_error, 3) + " points, Spearman " +
         format_fixed(f.spearman, 3) + ", Kendall " + format_fixed(f.kendall, 3);
}

}  // namespace ridgeline
