#pragma once

#include "search_space/search_space.h"
#include "tables/surrogate_features.h"

namespace ridgeline {

/// How well a surrogate tells the rows that it was not fitted to.
struct SurrogateQuality {
  int fitted = 0, held_out = 0;  ///< rows
  int features = 0;
  double penalty = 0;
  double r2 = 0;
  double kendall = 0;              ///< tau-b, of the first 2,000 held-out rows
  double mean_absolute_error = 0;  ///< fraction, or ms
};

/// A column of a table that holds a sample of a space, made a function of the whole space: ridge
/// regression on single choices and pairs of choices (`SurrogateFeatures`), of an accuracy itself
/// or of a latency's logarithm. The penalty is the one that tells every fifth fitted row best. The
/// held-out rows take no part in any of this.
class Surrogate {
 public:
  /// Throws as `read_table_rows`, and `kData` where rows to fit or held-out rows are fewer than 10.
  Surrogate(const TableConfig& config, const std::string& section, int batch = 1);

  /// A fraction in [0, 1], or ms above 0; nothing for a choice that no fitted row had.
  std::optional<double> predict(const Architecture& architecture) const;
  /// Throws `kData` naming a choice of the space that no fitted row had.
  void require(const SearchSpace& space) const;

  const SurrogateQuality& quality() const { return quality_; }
  const std::string& source() const { return source_; }
  /// "table.csv, column x: 4100 rows fitted, ...; 512 held out: R2 0.980, ..."
  std::string description() const;

 private:
  struct Split {
    std::vector<const TableRows::Row*> fitted, held_out;
  };
  static Split split(const TableRows& table, const TableConfig& config, const std::string& section);
  void fit(const std::vector<const TableRows::Row*>& rows);
  void judge(const std::vector<const TableRows::Row*>& rows);
  double value_of(const std::vector<int>& features) const;
  double transformed(double value) const;

  std::string section_, source_;
  bool accuracy_ = false;
  std::vector<std::string> decisions_;
  std::optional<SurrogateFeatures> features_;
  double constant_ = 0;
  std::vector<double> weights_;
  SurrogateQuality quality_;
};

}  // namespace ridgeline
