#pragma once

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "search_space/search_space.h"
#include "surrogate/boosted_trees.h"
#include "surrogate/data_distance.h"

namespace ridgeline {

enum class SurrogateModel { kRidge, kGaussianProcess, kBoostedTrees };
template <>
struct EnumNames<SurrogateModel> {
  static constexpr std::array<std::pair<SurrogateModel, const char*>, 3> values{
      {{SurrogateModel::kRidge, "ridge"},
       {SurrogateModel::kGaussianProcess, "gaussian_process"},
       {SurrogateModel::kBoostedTrees, "boosted_trees"}}};
};

/// How well a model told the rows of each fold from the others. Accuracies are fractions.
struct SurrogateFigures {
  SurrogateModel model = SurrogateModel::kRidge;
  double mean_absolute_error = 0, root_mean_square_error = 0;
  double spearman = 0, kendall = 0;
  double coverage = 0;  ///< share of the rows within 1.645 standard deviations, meant to be 90 %
};

/// What the rows' networks took from their data where a space leaves it open; 0: a plain space.
struct SurrogateShape {
  int classes = 0, channels = 0, resolution = 0;
  double batch_norm_momentum = 0;
  bool operator==(const SurrogateShape&) const = default;
};
SurrogateShape shape_of(const Architecture& architecture);

struct SurrogatePrediction {
  double accuracy = 0;   ///< fraction in [0, 1]
  double deviation = 0;  ///< standard deviation of its error
  double leverage = 0;   ///< distance from the data (DataDistance)
  Place place = Place::kInside;
};

/// In what `a` is not the same space as `b`, "it searches stage1.kernel, not stage1.layers"; empty:
/// in nothing but perhaps its name.
std::string space_difference(const SearchSpace& a, const SearchSpace& b);

/// All that makes a surrogate; a file of it (docs/surrogates.md).
struct SurrogateContent {
  std::string space_name, space_yaml;  ///< the space's own file
  SurrogateShape shape;
  std::string source;  ///< of the rows
  int rows = 0, folds = 0;
  std::vector<SurrogateFigures> figures;  ///< of all models that were compared; the first is in use
  std::variant<Quadratic, BoostedTrees> model;
  DataDistance distance;
  Uncertainty uncertainty;
};

/// Accuracy as a function of the points of one space, fitted to some of them. Immutable; may be
/// asked from several threads at a time.
class FittedSurrogate {
 public:
  explicit FittedSurrogate(SurrogateContent content);
  /// Throws `kData` naming the file for one that is no surrogate's, is damaged (every byte is
  /// covered by a checksum), or is of another version; `kIo` where it cannot be read.
  static FittedSurrogate load(const std::filesystem::path& path);
  static FittedSurrogate parse(const std::string& text, const std::string& source);
  std::string to_text() const;

  const SearchSpace& space() const { return space_; }
  const SurrogateContent& content() const { return content_; }
  /// Throws `kConfig` where the architecture is not of the space.
  double accuracy(const Architecture& architecture) const;
  SurrogatePrediction predict(const Architecture& architecture) const;
  /// Throws `kData` naming a difference where `space` is not the one that was fitted to. Names of
  /// spaces do not matter.
  void require(const SearchSpace& space) const;
  /// "gaussian_process of 85 features on 4100 rows (file.csv); cross-validated ..."
  std::string description() const;

 private:
  Eigen::VectorXd encoded(const Architecture& architecture) const;
  double mean(const Eigen::VectorXd& row) const;

  SurrogateContent content_;
  SearchSpace space_;
  Encoding encoding_;
};

}  // namespace ridgeline
