#include "benchmarks/target_optimum.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/random.h"

namespace ridgeline {
namespace {

/// Groups of so many choices keep a walk shallow and a pair's table in the cache.
constexpr size_t kGroupChoices = 64;
constexpr double kTolerance = 1e-9;

double log_reward(double accuracy, double log_ratio) {
  return std::log(accuracy) - std::max(0.0, log_ratio);
}

double largest(const std::vector<double>& values) {
  return *std::max_element(values.begin(), values.end());
}

}  // namespace

double TargetOptimizer::Sum::value(const std::vector<size_t>& choices) const {
  const size_t groups = choices.size();
  double sum = constant;
  for (size_t g = 0; g < groups; ++g) {
    sum += single[g][choices[g]];
    for (size_t h = g + 1; h < groups; ++h) sum += pair[g * groups + h][choices[g]][choices[h]];
  }
  return sum;
}

/// Moves the means of the pairs' rows and columns into the single terms, which leaves every value
/// and makes the pairs' maxima small.
void TargetOptimizer::Sum::centre() {
  const size_t groups = single.size();
  for (size_t g = 0; g < groups; ++g) {
    for (size_t h = g + 1; h < groups; ++h) {
      auto& table = pair[g * groups + h];
      for (size_t a = 0; a < table.size(); ++a) {
        const double mean = std::accumulate(table[a].begin(), table[a].end(), 0.0) /
                            static_cast<double>(table[a].size());
        for (double& value : table[a]) value -= mean;
        single[g][a] += mean;
      }
      for (size_t b = 0; b < table[0].size(); ++b) {
        double mean = 0;
        for (const auto& row : table) mean += row[b] / static_cast<double>(table.size());
        for (auto& row : table) row[b] -= mean;
        single[h][b] += mean;
      }
    }
  }
}

/// Depth first, the choice of the highest bound first. `open[depth][g]` holds what each choice of
/// an undecided group adds together with the decided ones.
class TargetOptimizer::Walk {
 public:
  Walk(const TargetOptimizer& optimizer, double target_ms, uint64_t most_nodes)
      : of_(optimizer), log_target_(std::log(target_ms)), most_nodes_(most_nodes) {
    const size_t groups = of_.choices_.size();
    open_.assign(groups + 1, std::vector<std::vector<double>>(groups));
    chosen_.assign(groups, 0);
  }

  TargetOptimum run() {
    climb();
    const double accuracy = of_.accuracy_.value(best_);
    slope_ = 0;
    double lowest = prepare(accuracy);
    double chosen = 0;
    for (int step = 1; step <= 100; ++step) {
      slope_ = step / 100.0;
      if (const double bound = prepare(accuracy); bound < lowest) {
        lowest = bound;
        chosen = slope_;
      }
    }
    slope_ = chosen;
    const double root = prepare(accuracy);
    descend(0, root);
    return {.point = {of_.accuracy_.value(best_), std::exp(of_.log_latency_.value(best_))},
            .reward = std::exp(best_value_),
            .proven = nodes_ < most_nodes_,
            .nodes = nodes_};
  }

 private:
  double value(const std::vector<size_t>& choices) const {
    return log_reward(of_.accuracy_.value(choices), of_.log_latency_.value(choices) - log_target_);
  }

  /// A first incumbent: climbs over single groups and pairs of groups, from random starts.
  void climb() {
    RandomStream stream(1, 0, "climb");
    const size_t groups = of_.choices_.size();
    for (int restart = 0; restart < 20; ++restart) {
      std::vector<size_t> at;
      for (const size_t n : of_.choices_)
        at.push_back(static_cast<size_t>(stream.below(static_cast<int>(n))));
      double here = value(at);
      for (bool moved = true; moved;) {
        moved = false;
        for (size_t g = 0; g < groups; ++g)
          for (size_t h = g; h < groups; ++h) moved |= better_pair(at, g, h, here);
      }
      if (best_.empty() || here > best_value_) {
        best_value_ = here;
        best_ = at;
      }
    }
  }

  bool better_pair(std::vector<size_t>& at, size_t g, size_t h, double& here) const {
    std::vector<size_t> tried = at;
    bool moved = false;
    for (tried[g] = 0; tried[g] < of_.choices_[g]; ++tried[g]) {
      for (size_t b = 0; b < (h == g ? 1 : of_.choices_[h]); ++b) {
        if (h != g) tried[h] = b;
        const double there = value(tried);
        if (there <= here + kTolerance) continue;
        here = there;
        at = tried;
        moved = true;
      }
    }
    return moved;
  }

  /// Sets up the bound for `slope_`, its tangent of the logarithm at `accuracy`; the bound of all.
  double prepare(double accuracy) {
    const size_t groups = of_.choices_.size();
    bound_ = of_.accuracy_;
    const auto combine = [&](double& a, double l) { a = a / accuracy - slope_ * l; };
    combine(bound_.constant, of_.log_latency_.constant - log_target_);
    bound_.constant += std::log(accuracy) - 1;
    for (size_t g = 0; g < groups; ++g) {
      for (size_t a = 0; a < of_.choices_[g]; ++a)
        combine(bound_.single[g][a], of_.log_latency_.single[g][a]);
      for (size_t h = g + 1; h < groups; ++h)
        for (size_t a = 0; a < of_.choices_[g]; ++a)
          for (size_t b = 0; b < of_.choices_[h]; ++b)
            combine(bound_.pair[g * groups + h][a][b], of_.log_latency_.pair[g * groups + h][a][b]);
    }
    pairs_after_.assign(groups + 1, 0);
    for (size_t g = groups; g-- > 0;) {
      pairs_after_[g] = pairs_after_[g + 1];
      for (size_t h = g + 1; h < groups; ++h) {
        double most = -1e300;
        for (const auto& row : bound_.pair[g * groups + h]) most = std::max(most, largest(row));
        pairs_after_[g] += most;
      }
    }
    open_[0] = bound_.single;
    double sum = bound_.constant + pairs_after_[0];
    for (const auto& values : open_[0]) sum += largest(values);
    return sum;
  }

  /// `bound` is that of everything below; group `depth` is next.
  void descend(size_t depth, double bound) {
    const size_t groups = of_.choices_.size();
    if (depth == groups) {
      const double found = value(chosen_);
      if (found <= best_value_) return;
      best_value_ = found;
      best_ = chosen_;
      return;
    }
    const double without = bound - largest(open_[depth][depth]) - pairs_after_[depth];
    std::vector<std::pair<double, size_t>> order;
    for (size_t a = 0; a < of_.choices_[depth]; ++a) {
      const double own = open_[depth][depth][a];
      double most = without + own + pairs_after_[depth + 1];
      for (size_t h = depth + 1; h < groups; ++h) {
        const auto& row = bound_.pair[depth * groups + h][a];
        double top = -1e300;
        for (size_t b = 0; b < row.size(); ++b) top = std::max(top, open_[depth][h][b] + row[b]);
        most += top - largest(open_[depth][h]);
      }
      order.emplace_back(most, a);
    }
    std::sort(order.rbegin(), order.rend());
    for (const auto& [most, a] : order) {
      if (most <= best_value_ + kTolerance || nodes_ >= most_nodes_) return;
      ++nodes_;
      chosen_[depth] = a;
      for (size_t h = depth + 1; h < groups; ++h) {
        open_[depth + 1][h] = open_[depth][h];
        const auto& row = bound_.pair[depth * groups + h][a];
        for (size_t b = 0; b < row.size(); ++b) open_[depth + 1][h][b] += row[b];
      }
      descend(depth + 1, most);
    }
  }

  const TargetOptimizer& of_;
  double log_target_;
  uint64_t most_nodes_, nodes_ = 0;
  double slope_ = 0;
  Sum bound_;
  std::vector<double> pairs_after_;                     // of the groups from here on
  std::vector<std::vector<std::vector<double>>> open_;  // [depth][group][choice]
  std::vector<size_t> chosen_, best_;
  double best_value_ = -1e300;
};

TargetOptimizer::TargetOptimizer(const std::vector<Decision>& decisions,
                                 const std::function<TargetPoint(const Genotype&)>& measure)
    : decisions_(decisions) {
  for (size_t d = 0; d < decisions.size(); ++d) {
    const auto own = static_cast<size_t>(decisions[d].choices());
    if (first_.empty() || choices_.back() * own > kGroupChoices) {
      first_.push_back(d);
      choices_.push_back(own);
    } else {
      choices_.back() *= own;
    }
  }
  first_.push_back(decisions.size());
  probe(measure);
  check(measure);
}

TargetOptimum TargetOptimizer::maximise(double target_ms, uint64_t most_nodes) const {
  return Walk(*this, target_ms, most_nodes).run();
}

Genotype TargetOptimizer::genotype(const std::vector<size_t>& choices) const {
  Genotype made(decisions_.size());
  for (size_t g = 0; g < choices.size(); ++g) {
    size_t left = choices[g];
    for (size_t d = first_[g]; d < first_[g + 1]; ++d) {
      const auto own = static_cast<size_t>(decisions_[d].choices());
      made[d] = static_cast<int>(left % own);
      left /= own;
    }
  }
  return made;
}

/// Differences to the point whose choices are all the first give every term.
void TargetOptimizer::probe(const std::function<TargetPoint(const Genotype&)>& measure) {
  const size_t groups = choices_.size();
  const auto both = [&](const std::vector<size_t>& at) {
    const TargetPoint point = measure(genotype(at));
    return std::pair(point.accuracy, std::log(point.latency_ms));
  };
  std::vector<size_t> at(groups, 0);
  std::tie(accuracy_.constant, log_latency_.constant) = both(at);
  for (Sum* sum : {&accuracy_, &log_latency_}) {
    sum->single.resize(groups);
    sum->pair.resize(groups * groups);
    for (size_t g = 0; g < groups; ++g) {
      sum->single[g].assign(choices_[g], 0);
      for (size_t h = g + 1; h < groups; ++h)
        sum->pair[g * groups + h].assign(choices_[g], std::vector<double>(choices_[h], 0));
    }
  }
  for (size_t g = 0; g < groups; ++g) {
    for (at[g] = 1; at[g] < choices_[g]; ++at[g]) {
      const auto [accuracy, log_latency] = both(at);
      accuracy_.single[g][at[g]] = accuracy - accuracy_.constant;
      log_latency_.single[g][at[g]] = log_latency - log_latency_.constant;
    }
    at[g] = 0;
  }
  for (size_t g = 0; g < groups; ++g) {
    for (size_t h = g + 1; h < groups; ++h) {
      const size_t place = g * groups + h;
      for (at[g] = 1; at[g] < choices_[g]; ++at[g]) {
        for (at[h] = 1; at[h] < choices_[h]; ++at[h]) {
          const auto [accuracy, log_latency] = both(at);
          accuracy_.pair[place][at[g]][at[h]] = accuracy - accuracy_.value(at);
          log_latency_.pair[place][at[g]][at[h]] = log_latency - log_latency_.value(at);
        }
        at[h] = 0;
      }
      at[g] = 0;
    }
  }
  accuracy_.centre();
  log_latency_.centre();
}

void TargetOptimizer::check(const std::function<TargetPoint(const Genotype&)>& measure) const {
  RandomStream stream(1, 0, "check");
  for (int sample = 0; sample < 100; ++sample) {
    std::vector<size_t> at;
    for (const size_t n : choices_)
      at.push_back(static_cast<size_t>(stream.below(static_cast<int>(n))));
    const TargetPoint point = measure(genotype(at));
    if (std::abs(accuracy_.value(at) - point.accuracy) > 1e-6 ||
        std::abs(log_latency_.value(at) - std::log(point.latency_ms)) > 1e-6) {
      throw Error(ErrorKind::kInternal,
                  "target optimum: accuracy and log latency are no sums over pairs of choices");
    }
  }
}

}  // namespace ridgeline
