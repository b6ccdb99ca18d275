#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ridgeline {

/// How often images of each class were taken for each class.
struct ConfusionPlot {
  std::string title;
  std::vector<std::string> classes;          ///< names, in the order of the rows
  std::vector<std::vector<int64_t>> counts;  ///< [class][taken for]
};

/// The picture as a self-contained SVG document: a row per class, a column per class that it was
/// taken for; the darker a cell, the larger its share of its row. Up to 20 classes the cells show
/// their counts, up to 60 the classes have their names. Equal plots give equal text. Throws
/// `kConfig` for a plot without classes or with counts of another shape.
std::string to_svg(const ConfusionPlot& plot);

}  // namespace ridgeline
