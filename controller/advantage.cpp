#include "controller/advantage.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ridgeline {
namespace {

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// How many of `sorted` are below `value`; equals count half.
double below(const std::vector<double>& sorted, double value) {
  const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), value);
  return static_cast<double>(first - sorted.begin() + (last - sorted.begin())) / 2;
}

}  // namespace

double Advantages::baseline_before(std::span<const double> rewards) const {
  return batches_ == 0 ? mean_of(rewards) : baseline_;
}

double Advantages::spread_before(std::span<const double> rewards, double baseline) const {
  double square = square_;
  if (batches_ == 0) {
    square = 0;
    for (const double reward : rewards) square += (reward - baseline) * (reward - baseline);
    square /= static_cast<double>(rewards.size());
  }
  return std::sqrt(square);
}

std::vector<double> Advantages::of(std::span<const double> rewards) const {
  std::vector<double> advantages;
  if (kind_ == AdvantageKind::kRank) {
    std::vector<double> own(rewards.begin(), rewards.end());
    std::sort(own.begin(), own.end());
    const auto all = static_cast<double>(own.size() + sorted_.size());
    for (const double reward : rewards)
      advantages.push_back(2 * ((below(own, reward) + below(sorted_, reward)) / all) - 1);
    return advantages;
  }
  const double baseline = baseline_before(rewards);
  const double spread =
      kind_ == AdvantageKind::kNormalised ? spread_before(rewards, baseline) : 1.0;
  for (const double reward : rewards) {
    advantages.push_back(spread > 0 ? (reward - baseline) / spread : 0.0);
  }
  return advantages;
}

void Advantages::tell(std::span<const double> rewards) {
  const double baseline = baseline_before(rewards);
  const double spread = spread_before(rewards, baseline);
  double square = 0;
  for (const double reward : rewards) square += (reward - baseline) * (reward - baseline);
  square /= static_cast<double>(rewards.size());
  square_ = spread * spread + (1.0 - decay_) * (square - spread * spread);
  baseline_ = baseline + (1.0 - decay_) * (mean_of(rewards) - baseline);
  ++batches_;
  if (kind_ != AdvantageKind::kRank) return;
  const auto earlier = static_cast<std::ptrdiff_t>(sorted_.size());
  sorted_.insert(sorted_.end(), rewards.begin(), rewards.end());
  std::sort(sorted_.begin() + earlier, sorted_.end());
  std::inplace_merge(sorted_.begin(), sorted_.begin() + earlier, sorted_.end());
}

void Advantages::save(StateWriter& writer) const {
  writer.integer(batches_);
  writer.number(baseline_);
  writer.number(square_);
  writer.integer(sorted_.size());
  for (const double reward : sorted_) writer.number(reward);
}

void Advantages::restore(StateReader& reader) {
  batches_ = reader.integer();
  baseline_ = reader.number();
  square_ = reader.number();
  sorted_.clear();
  for (uint64_t left = reader.integer(); left > 0; --left) sorted_.push_back(reader.number());
}

}  // namespace ridgeline
