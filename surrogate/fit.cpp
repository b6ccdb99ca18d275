#include "surrogate/fit.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/parallel.h"
#include "core/random.h"
#include "core/rank_correlation.h"
#include "core/units.h"

namespace ridgeline {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kNinety = 1.6449;  // deviations on each side of 90 % of a normal distribution

/// The rows of each different network: a network that was trained twice counts as one.
std::vector<std::vector<Index>> rows_of_networks(const SurrogateData& data) {
  std::map<Genotype, size_t> places;
  std::vector<std::vector<Index>> networks;
  for (size_t i = 0; i < data.rows.size(); ++i) {
    const auto [at, fresh] = places.try_emplace(data.rows[i].genotype, networks.size());
    if (fresh) networks.emplace_back();
    networks[at->second].push_back(static_cast<Index>(i));
  }
  return networks;
}

/// Row numbers of each fold, at random; all rows of a network are in one.
std::vector<std::vector<Index>> make_folds(const SurrogateData& data) {
  const auto networks = rows_of_networks(data);
  const size_t count = networks.size() < 100 ? 10 : 5;
  std::vector<size_t> order(networks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  RandomStream stream(0, 0, "surrogate_folds");
  for (size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[static_cast<size_t>(stream.below(static_cast<int>(i)))]);
  std::vector<std::vector<Index>> folds(count);
  for (size_t i = 0; i < order.size(); ++i) {
    const auto& rows = networks[order[i]];
    folds[i % count].insert(folds[i % count].end(), rows.begin(), rows.end());
  }
  return folds;
}

std::variant<Quadratic, BoostedTrees> fit_model(SurrogateModel model, const Encoding& encoding,
                                                const MatrixXd& x, const VectorXd& y) {
  switch (model) {
    case SurrogateModel::kRidge:
      return fit_ridge(encoding, x, y);
    case SurrogateModel::kGaussianProcess:
      return fit_gaussian_process(encoding, x, y);
    case SurrogateModel::kBoostedTrees:
      return fit_boosted_trees(encoding, x, y);
  }
  throw Error(ErrorKind::kInternal, "surrogate model without a fit");
}

struct HeldOut {
  std::vector<VectorXd> predicted;  // per model
  VectorXd leverages;
};

class CrossValidation {
 public:
  CrossValidation(const Encoding& encoding, const MatrixXd& x, const VectorXd& y,
                  std::vector<std::vector<Index>> folds)
      : encoding_(encoding), x_(x), y_(y), folds_(std::move(folds)) {}

  size_t folds() const { return folds_.size(); }

  HeldOut run(const std::vector<SurrogateModel>& models) const {
    HeldOut result{.predicted = std::vector<VectorXd>(models.size(), VectorXd(y_.size())),
                   .leverages = VectorXd(y_.size())};
    const size_t jobs = models.size() + 1;  // the last one: the leverages
    parallel_for(folds_.size() * jobs, [&](size_t i) {
      // The slow models first.
      const size_t job = jobs - 1 - i / folds_.size();
      run_fold(folds_[i % folds_.size()], job, models, result);
    });
    return result;
  }

 private:
  void run_fold(const std::vector<Index>& fold, size_t job,
                const std::vector<SurrogateModel>& models, HeldOut& result) const {
    std::vector<Index> others;
    std::vector<bool> in_fold(static_cast<size_t>(y_.size()), false);
    for (const Index row : fold) in_fold[static_cast<size_t>(row)] = true;
    for (Index row = 0; row < y_.size(); ++row) {
      if (!in_fold[static_cast<size_t>(row)]) others.push_back(row);
    }
    const MatrixXd seen = x_(others, Eigen::all);
    if (job == models.size()) {
      const DataDistance distance(encoding_, seen);
      for (const Index row : fold) result.leverages[row] = distance.leverage(VectorXd(x_.row(row)));
      return;
    }
    const auto fit = fit_model(models[job], encoding_, seen, VectorXd(y_(others)));
    for (const Index row : fold) {
      result.predicted[job][row] =
          std::visit([&](const auto& f) { return f.predict(VectorXd(x_.row(row))); }, fit);
    }
  }

  const Encoding& encoding_;
  const MatrixXd& x_;
  const VectorXd& y_;
  std::vector<std::vector<Index>> folds_;
};

double deviation_of(const VectorXd& values) {
  return std::sqrt((values.array() - values.mean()).square().mean());
}

SurrogateFigures figures_of(SurrogateModel model, const VectorXd& predicted, const VectorXd& y,
                            const VectorXd& leverages, const Uncertainty& uncertainty) {
  const VectorXd errors = predicted - y;
  const std::vector<double> a(predicted.begin(), predicted.end()), b(y.begin(), y.end());
  int covered = 0;
  for (Index i = 0; i < y.size(); ++i)
    covered += std::abs(errors[i]) <= kNinety * uncertainty.deviation(leverages[i]);
  return {.model = model,
          .mean_absolute_error = errors.array().abs().mean(),
          .root_mean_square_error = std::sqrt(errors.squaredNorm() / static_cast<double>(y.size())),
          .spearman = spearman(a, b),
          .kendall = kendall(a, b),
          .coverage = covered / static_cast<double>(y.size())};
}

void require_rows(const SurrogateData& data) {
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorKind::kData, data.source + ": " + what);
  };
  const size_t networks = rows_of_networks(data).size();
  if (networks < kFewestSurrogateNetworks) {
    fail(std::to_string(data.rows.size()) + " usable rows of " + std::to_string(networks) +
         " different networks; a surrogate needs at least " +
         std::to_string(kFewestSurrogateNetworks) + " networks");
  }
  for (const auto& row : data.rows) {
    if (shape_of(row.architecture) != shape_of(data.rows[0].architecture))
      fail(
          "the rows' networks differ in classes, channels or resolution, which their data decided; "
          "a surrogate needs rows of one data set");
  }
  const auto [least, most] =
      std::minmax_element(data.rows.begin(), data.rows.end(),
                          [](const auto& a, const auto& b) { return a.accuracy < b.accuracy; });
  if (least->accuracy == most->accuracy)
    fail("all rows have the accuracy " + format_percent(least->accuracy, 3) +
         ", so that there is nothing to learn");
}

}  // namespace

SearchSpace SurrogateData::space() const {
  return SearchSpace::from_yaml(YamlView::parse(space_yaml, space_name + ".yaml"));
}

FittedSurrogate fit_surrogate(const SurrogateData& data, std::optional<SurrogateModel> model) {
  require_rows(data);
  const SearchSpace space = data.space();
  const Encoding encoding(space);
  MatrixXd x(static_cast<Index>(data.rows.size()), encoding.size());
  VectorXd y(x.rows()), row(encoding.size());
  for (Index i = 0; i < x.rows(); ++i) {
    const SurrogateRow& from = data.rows[static_cast<size_t>(i)];
    encoding.encode(from.genotype, from.architecture, row);
    x.row(i) = row.transpose();
    y[i] = from.accuracy;
  }
  std::vector<SurrogateModel> models;
  for (const auto& [kind, name] : EnumNames<SurrogateModel>::values) {
    if (!model || *model == kind) models.push_back(kind);
  }
  const CrossValidation validation(encoding, x, y, make_folds(data));
  const HeldOut held_out = validation.run(models);
  SurrogateContent content;
  for (size_t m = 0; m < models.size(); ++m) {
    const Uncertainty uncertainty =
        learn_uncertainty(held_out.predicted[m] - y, held_out.leverages, deviation_of(y));
    content.figures.push_back(
        figures_of(models[m], held_out.predicted[m], y, held_out.leverages, uncertainty));
    if (content.figures.back().root_mean_square_error <
            content.figures.front().root_mean_square_error ||
        m == 0) {
      std::swap(content.figures.front(), content.figures.back());
      content.uncertainty = uncertainty;
    }
  }
  content.space_name = data.space_name;
  content.space_yaml = data.space_yaml;
  content.shape = shape_of(data.rows[0].architecture);
  content.source = data.source;
  content.rows = static_cast<int>(data.rows.size());
  content.folds = static_cast<int>(validation.folds());
  content.model = fit_model(content.figures.front().model, encoding, x, y);
  content.distance = DataDistance(encoding, x);
  return FittedSurrogate(std::move(content));
}

std::vector<std::string> doubts(const FittedSurrogate& surrogate, const SurrogateData& data) {
  std::vector<std::string> doubts;
  const Index features = Encoding(surrogate.space()).size();
  const int rows = surrogate.content().rows;
  if (rows < features) {
    doubts.push_back(std::to_string(rows) + " rows are fewer than the " + std::to_string(features) +
                     " features: what the rows do not tell, the model takes as having no effect; "
                     "trust the cross-validated figures only");
  }
  VectorXd y(rows);
  for (Index i = 0; i < rows; ++i) y[i] = data.rows[static_cast<size_t>(i)].accuracy;
  if (surrogate.content().figures.front().root_mean_square_error >= 0.95 * deviation_of(y))
    doubts.push_back(
        "the model predicts held-out rows hardly better than their mean does; do not search with "
        "it");
  return doubts;
}

}  // namespace ridgeline
