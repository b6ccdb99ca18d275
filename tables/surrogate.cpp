#include "tables/surrogate.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/rank_correlation.h"
#include "core/units.h"

namespace ridgeline {
namespace {

constexpr double kPenalties[] = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30};
constexpr size_t kFold = 5;      // every so many fitted rows choose the penalty
constexpr size_t kHoldOut = 10;  // without a split column, every so many rows are held out
constexpr size_t kFewest = 10;
constexpr size_t kRanked = 2000;

struct Sample {
  std::vector<int> features;
  double target = 0;
};

struct Ridge {
  double constant = 0;
  Eigen::VectorXd weights;
  double predict(const Sample& sample) const {
    double sum = constant;
    for (const int f : sample.features) sum += weights[f];
    return sum;
  }
};

/// The sums of least squares over sparse samples; a solution per penalty costs one decomposition.
class NormalEquations {
 public:
  explicit NormalEquations(int features)
      : gram_(Eigen::MatrixXd::Zero(features, features)),
        sum_(Eigen::VectorXd::Zero(features)),
        product_(Eigen::VectorXd::Zero(features)) {}

  void add(const Sample& sample) {
    for (const int column : sample.features) {
      sum_[column] += 1;
      product_[column] += sample.target;
      for (const int row : sample.features) gram_(row, column) += 1;
    }
    target_ += sample.target;
    ++count_;
  }

  Ridge solve(double penalty) const {
    const Eigen::VectorXd mean = sum_ / count_;
    const double target = target_ / count_;
    Eigen::MatrixXd centred = gram_ - count_ * mean * mean.transpose();
    centred.diagonal().array() += penalty;
    Ridge ridge;
    ridge.weights = centred.llt().solve(product_ - target_ * mean);
    ridge.constant = target - mean.dot(ridge.weights);
    return ridge;
  }

 private:
  Eigen::MatrixXd gram_;
  Eigen::VectorXd sum_, product_;
  double target_ = 0, count_ = 0;
};

double best_penalty(const std::vector<Sample>& samples, int features) {
  NormalEquations equations(features);
  for (size_t i = 0; i < samples.size(); ++i) {
    if (i % kFold != 0) equations.add(samples[i]);
  }
  double best = kPenalties[0], least = std::numeric_limits<double>::infinity();
  for (const double penalty : kPenalties) {
    const Ridge ridge = equations.solve(penalty);
    double error = 0;
    for (size_t i = 0; i < samples.size(); i += kFold)
      error += std::pow(ridge.predict(samples[i]) - samples[i].target, 2);
    if (error < least) {
      least = error;
      best = penalty;
    }
  }
  return best;
}

}  // namespace

Surrogate::Surrogate(const TableConfig& config, const std::string& section, int batch)
    : section_(section), accuracy_(is_accuracy(config.unit)) {
  const TableRows table = read_table_rows(config, section, batch);
  source_ = table.source;
  decisions_ = table.decisions;
  const Split rows = split(table, config, section);
  fit(rows.fitted);
  judge(rows.held_out);
}

Surrogate::Split Surrogate::split(const TableRows& table, const TableConfig& config,
                                  const std::string& section) {
  Split result;
  for (size_t i = 0; i < table.rows.size(); ++i) {
    const auto& row = table.rows[i];
    const bool by_text = !config.split.empty();
    const bool held_out = by_text ? row.split == config.held_out : i % kHoldOut == kHoldOut - 1;
    if (held_out) {
      result.held_out.push_back(&row);
    } else if (!by_text || row.split == config.fitted) {
      result.fitted.push_back(&row);
    }
  }
  if (result.fitted.size() >= kFewest && result.held_out.size() >= kFewest) return result;
  throw Error(ErrorKind::kData, section + ": " + table.source + ": " +
                                    std::to_string(result.fitted.size()) + " rows to fit and " +
                                    std::to_string(result.held_out.size()) +
                                    " held out; a surrogate needs " + std::to_string(kFewest) +
                                    " of each (see split, fitted, held_out)");
}

double Surrogate::transformed(double value) const { return accuracy_ ? value : std::log(value); }

void Surrogate::fit(const std::vector<const TableRows::Row*>& rows) {
  features_.emplace(rows);
  std::vector<Sample> samples;
  for (const auto* row : rows)
    samples.push_back({*features_->active(row->choices), transformed(row->value)});
  quality_.penalty = best_penalty(samples, features_->size());
  NormalEquations equations(features_->size());
  for (const auto& sample : samples) equations.add(sample);
  const Ridge ridge = equations.solve(quality_.penalty);
  constant_ = ridge.constant;
  weights_.assign(ridge.weights.begin(), ridge.weights.end());
  quality_.fitted = static_cast<int>(rows.size());
  quality_.features = features_->size();
}

void Surrogate::judge(const std::vector<const TableRows::Row*>& rows) {
  std::vector<double> predicted, measured;
  for (const auto* row : rows) {
    const auto features = features_->active(row->choices);
    if (!features) {
      throw Error(ErrorKind::kData, row->where + ": " + section_ +
                                        ": this held-out row has a choice that no fitted row has");
    }
    predicted.push_back(value_of(*features));
    measured.push_back(row->value);
  }
  const auto count = static_cast<double>(measured.size());
  double mean = 0, residual = 0, total = 0;
  for (const double value : measured) mean += value / count;
  for (size_t i = 0; i < measured.size(); ++i) {
    residual += std::pow(predicted[i] - measured[i], 2);
    total += std::pow(measured[i] - mean, 2);
    quality_.mean_absolute_error += std::abs(predicted[i] - measured[i]) / count;
  }
  quality_.r2 = total > 0 ? 1 - residual / total : 0;
  quality_.held_out = static_cast<int>(measured.size());
  predicted.resize(std::min(predicted.size(), kRanked));
  measured.resize(predicted.size());
  quality_.kendall = kendall(predicted, measured);
}

double Surrogate::value_of(const std::vector<int>& features) const {
  double sum = constant_;
  for (const int f : features) sum += weights_[static_cast<size_t>(f)];
  return accuracy_ ? std::clamp(sum, 0.0, 1.0) : std::exp(sum);
}

std::optional<double> Surrogate::predict(const Architecture& architecture) const {
  const auto features = features_->active(choices_of(architecture, decisions_));
  if (!features) return std::nullopt;
  return value_of(*features);
}

void Surrogate::require(const SearchSpace& space) const {
  for (const auto& decision : space.decisions()) {
    const auto at = std::find(decisions_.begin(), decisions_.end(), decision.name);
    if (at == decisions_.end()) continue;
    for (const auto& label : decision.labels) {
      if (features_->knows(static_cast<size_t>(at - decisions_.begin()), label)) continue;
      throw Error(ErrorKind::kData, section_ + ": " + source_ + ": no fitted row has " +
                                        decision.name + " " + label + ", which space " +
                                        space.name() + " offers; take it out of the space");
    }
  }
}

std::string Surrogate::description() const {
  const auto& q = quality_;
  const std::string error = accuracy_ ? format_fixed(100 * q.mean_absolute_error, 3) + " points"
                                      : format_ms(q.mean_absolute_error);
  return source_ + ": ridge of " + std::to_string(q.features) + " features on " +
         std::to_string(q.fitted) + " rows, penalty " + ConfigWriter::plain_number(q.penalty) +
         "; on " + std::to_string(q.held_out) + " held-out rows R2 " + format_fixed(q.r2, 4) +
         ", Kendall " + format_fixed(q.kendall, 3) + ", mean absolute error " + error;
}

}  // namespace ridgeline
