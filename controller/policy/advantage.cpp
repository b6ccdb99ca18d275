#include "controller/policy/advantage.h"

#include <cmath>
#include <numeric>

namespace ridgeline {
namespace {

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
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
    SortedRuns own;
    own.add(rewards);
    const auto all = static_cast<double>(own.size() + earlier_.size());
    for (const double reward : rewards)
      advantages.push_back(2 * ((own.below(reward) + earlier_.below(reward)) / all) - 1);
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

void Advantages::observe(std::span<const double> rewards) {
  const double baseline = baseline_before(rewards);
  const double spread = spread_before(rewards, baseline);
  double square = 0;
  for (const double reward : rewards) square += (reward - baseline) * (reward - baseline);
  square /= static_cast<double>(rewards.size());
  square_ = spread * spread + (1.0 - decay_) * (square - spread * spread);
  baseline_ = baseline + (1.0 - decay_) * (mean_of(rewards) - baseline);
  ++batches_;
  if (kind_ == AdvantageKind::kRank) earlier_.add(rewards);
}

void Advantages::save(StateWriter& writer) const {
  writer.integer(batches_);
  writer.number(baseline_);
  writer.number(square_);
  writer.integer(earlier_.size());
  for (const double reward : earlier_.sorted()) writer.number(reward);
}

void Advantages::restore(StateReader& reader) {
  batches_ = reader.integer();
  baseline_ = reader.number();
  square_ = reader.number();
  std::vector<double> rewards;
  for (uint64_t left = reader.integer(); left > 0; --left) rewards.push_back(reader.number());
  earlier_ = {};
  earlier_.add(rewards);
}

}  // namespace ridgeline
