#include "surrogate/boosted_trees.h"

#include <algorithm>
#include <cstdint>
#include <map>

#include "core/random.h"

namespace ridgeline {
namespace {

using Eigen::Index;

constexpr int kDepth = 4;
constexpr int kTrees = 800;
constexpr double kRate = 0.08;       // of what a leaf would say that is believed
constexpr double kPenalty = 3;       // rows at 0 that each leaf has besides its own
constexpr double kAsked = 0.5;       // share of the features that a tree may ask about
constexpr size_t kMostBorders = 31;  // per feature

/// A feature in steps: how many of its borders a row is above.
struct Steps {
  int feature = 0;
  std::vector<double> borders;
  std::vector<uint8_t> of_row;
};

/// Borders lie halfway between values that occur, at equal shares of the rows where those are many.
Steps steps_of(const Eigen::VectorXd& column, int feature) {
  Steps steps{.feature = feature, .borders = {}, .of_row = {}};
  std::vector<double> values(column.begin(), column.end());
  std::sort(values.begin(), values.end());
  const std::vector<double> sorted = values;
  values.erase(std::unique(values.begin(), values.end()), values.end());
  for (size_t i = 0; i + 1 < values.size(); ++i) {
    if (values.size() - 1 <= kMostBorders)
      steps.borders.push_back(0.5 * (values[i] + values[i + 1]));
  }
  if (steps.borders.empty() && values.size() > 1) {
    for (size_t b = 1; b <= kMostBorders; ++b)
      steps.borders.push_back(sorted[b * sorted.size() / (kMostBorders + 1)]);
    steps.borders.erase(std::unique(steps.borders.begin(), steps.borders.end()),
                        steps.borders.end());
  }
  for (const double value : column) {
    const auto at = std::lower_bound(steps.borders.begin(), steps.borders.end(), value);
    steps.of_row.push_back(static_cast<uint8_t>(at - steps.borders.begin()));
  }
  return steps;
}

struct Cell {
  double sum = 0;
  int rows = 0;
};

double gain(const Cell& cell) { return cell.sum * cell.sum / (cell.rows + kPenalty); }

class Booster {
 public:
  Booster(const Encoding& encoding, const Eigen::MatrixXd& rows, const Eigen::VectorXd& targets)
      : residuals_(targets.array() - targets.mean()), leaf_(static_cast<size_t>(rows.rows())) {
    fit_.depth = kDepth;
    fit_.constant = targets.mean();
    for (Index f = 0; f < rows.cols(); ++f) {
      if (encoding.features()[static_cast<size_t>(f)].redundant_in_trees) continue;
      Steps steps = steps_of(rows.col(f), static_cast<int>(f));
      if (!steps.borders.empty()) features_.push_back(std::move(steps));
    }
  }

  BoostedTrees run() {
    for (uint64_t tree = 0; tree < kTrees && !features_.empty(); ++tree) add_tree(tree);
    return std::move(fit_);
  }

 private:
  void add_tree(uint64_t tree) {
    RandomStream stream(0, tree, "surrogate_trees");
    std::vector<const Steps*> asked;
    for (const Steps& steps : features_) {
      if (stream.uniform() < kAsked) asked.push_back(&steps);
    }
    if (asked.empty()) asked.push_back(&features_.front());
    std::fill(leaf_.begin(), leaf_.end(), 0);
    for (int level = 0; level < kDepth; ++level) split(asked, 1 << level);
    std::vector<Cell> leaves(size_t{1} << kDepth);
    for (size_t i = 0; i < leaf_.size(); ++i) {
      leaves[leaf_[i]].sum += residuals_[static_cast<Index>(i)];
      ++leaves[leaf_[i]].rows;
    }
    for (const Cell& cell : leaves)
      fit_.leaves.push_back(kRate * cell.sum / (cell.rows + kPenalty));
    const double* values = &fit_.leaves[fit_.leaves.size() - leaves.size()];
    for (size_t i = 0; i < leaf_.size(); ++i) residuals_[static_cast<Index>(i)] -= values[leaf_[i]];
  }

  /// Asks the question that explains most over all nodes together.
  void split(const std::vector<const Steps*>& asked, int nodes) {
    const Steps* best = asked.front();
    size_t border = 0;
    double most = -1;
    for (const Steps* steps : asked) {
      const size_t width = steps->borders.size() + 1;
      std::vector<Cell> cells(static_cast<size_t>(nodes) * width);
      for (size_t i = 0; i < leaf_.size(); ++i) {
        Cell& cell = cells[leaf_[i] * width + steps->of_row[i]];
        cell.sum += residuals_[static_cast<Index>(i)];
        ++cell.rows;
      }
      std::vector<double> gains(width - 1, 0);
      for (size_t node = 0; node < static_cast<size_t>(nodes); ++node) {
        const Cell* row = &cells[node * width];
        Cell all, below;
        for (size_t b = 0; b < width; ++b) {
          all.sum += row[b].sum;
          all.rows += row[b].rows;
        }
        for (size_t b = 0; b + 1 < width; ++b) {
          below.sum += row[b].sum;
          below.rows += row[b].rows;
          gains[b] += gain(below) + gain({all.sum - below.sum, all.rows - below.rows});
        }
      }
      for (size_t b = 0; b < gains.size(); ++b) {
        if (gains[b] <= most) continue;
        most = gains[b];
        best = steps;
        border = b;
      }
    }
    for (size_t i = 0; i < leaf_.size(); ++i) leaf_[i] = 2 * leaf_[i] + (best->of_row[i] > border);
    const auto [place, fresh] =
        places_.try_emplace({best->feature, border}, static_cast<uint32_t>(fit_.questions.size()));
    if (fresh) fit_.questions.push_back({best->feature, best->borders[border]});
    fit_.asked.push_back(place->second);
  }

  BoostedTrees fit_;
  std::vector<Steps> features_;
  Eigen::VectorXd residuals_;
  std::map<std::pair<int, size_t>, uint32_t> places_;  // of a feature's border among the questions
  std::vector<size_t> leaf_;                           // per row: its node of the current tree
};

}  // namespace

// The same few questions stand in all trees: each is answered once.
double BoostedTrees::predict(const Eigen::Ref<const Eigen::VectorXd>& row) const {
  std::vector<uint8_t> yes(questions.size());
  const double* x = row.data();
  for (size_t i = 0; i < questions.size(); ++i)
    yes[i] = x[questions[i].feature] > questions[i].above;
  const uint32_t* question = asked.data();
  const uint32_t* end = question + asked.size();
  const double* values = leaves.data();
  const uint8_t* answers = yes.data();
  double sum = constant;
  for (; question != end; values += size_t{1} << depth) {
    size_t leaf = 0;
    for (int level = 0; level < depth; ++level, ++question) leaf = 2 * leaf + answers[*question];
    sum += values[leaf];
  }
  return sum;
}

BoostedTrees fit_boosted_trees(const Encoding& encoding, const Eigen::MatrixXd& rows,
                               const Eigen::VectorXd& targets) {
  return Booster(encoding, rows, targets).run();
}

}  // namespace ridgeline
