#include "controller/lstm_policy.h"

#include <algorithm>
#include <cmath>

#include "controller/lstm_network.h"
#include "controller/pick.h"
#include "controller/prefix_tree.h"

namespace ridgeline {
namespace {

/// Samples that step together.
constexpr size_t kChunk = 64;
/// The tree is begun anew once it holds more than so many different samples: each takes about 3 kB
/// per decision.
constexpr size_t kKept = 128;

class LstmPolicy final : public PolicyModel {
 public:
  LstmPolicy(const ControllerConfig& config, const std::vector<Decision>& decisions, uint64_t seed)
      : sizes_("hidden " + std::to_string(config.hidden) + ", layers " +
               std::to_string(config.layers) + ", embedding " + std::to_string(config.embedding)),
        decisions_(decisions),
        network_(config, decisions, seed),
        tree_(config, decisions) {}

  std::span<float> weights() override {
    tree_.clear();
    return network_.weights();
  }
  PolicySamples sample(std::span<const double> uniforms,
                       std::span<const Genotype> kept) const override;
  PolicyScores score(std::span<const Genotype> genotypes) const override;
  PolicyScores gradient(std::span<const Genotype> genotypes,
                        const std::function<LossSlopes(const PolicyScores&)>& slopes_of,
                        std::span<float> gradient) const override;
  std::vector<std::vector<double>> marginals(std::span<const Genotype> genotypes) const override;
  std::string sizes() const override { return sizes_; }

 private:
  /// Walks `rows` samples, at most kChunk, through all decisions: choice = visit(decision, sample,
  /// node), kInactive where it is.
  template <class Visit>
  void walk(size_t rows, const Visit& visit) const;
  /// `walk` that adds up log-probability and entropy.
  void add_scores(std::span<const Genotype> genotypes, PolicyScores& scores) const;
  /// Adds the gradient of `genotypes`, `first` being the number of the first in `slopes`.
  void add_gradient(std::span<const Genotype> genotypes, const LossSlopes& slopes, size_t first,
                    std::span<float> gradient) const;
  /// The path of `genotypes`; sets `entries` [decisions, samples] to each one's entries of it.
  LstmPath path_of(std::span<const Genotype> genotypes, std::vector<size_t>& entries) const;

  static std::span<const Genotype> chunk(std::span<const Genotype> genotypes, size_t first) {
    return genotypes.subspan(first, std::min(kChunk, genotypes.size() - first));
  }

  std::string sizes_;
  std::vector<Decision> decisions_;
  // What follows is computed from the weights or is working memory.
  mutable LstmNetwork network_;
  mutable PrefixTree tree_;
};

template <class Visit>
void LstmPolicy::walk(size_t rows, const Visit& visit) const {
  if (tree_.size() > kKept * decisions_.size()) tree_.clear();
  std::vector<size_t> nodes(rows, tree_.root(network_));
  std::vector<int> choices(rows);
  for (size_t d = 0; d < decisions_.size(); ++d) {
    if (d > 0) tree_.descend(network_, d, choices, nodes);
    for (size_t b = 0; b < rows; ++b) choices[b] = visit(d, b, nodes[b]);
  }
}

PolicySamples LstmPolicy::sample(std::span<const double> uniforms,
                                 std::span<const Genotype> kept) const {
  const size_t steps = decisions_.size();
  const size_t count = uniforms.size() / steps;
  PolicySamples samples{std::vector<Genotype>(count, Genotype(steps, kInactive)),
                        std::vector<double>(count, 0.0)};
  for (size_t first = 0; first < count; first += kChunk) {
    walk(std::min(kChunk, count - first), [&](size_t d, size_t b, size_t node) {
      Genotype& genotype = samples.genotypes[first + b];
      if (!is_active(decisions_[d], genotype)) return kInactive;
      const auto log_p = tree_.log_p(node);
      const int keep = kept.empty() ? kFree : kept[first + b][d];
      genotype[d] = keep >= 0 ? keep : pick(log_p, uniforms[(first + b) * steps + d]);
      samples.log_prob[first + b] += log_p[static_cast<size_t>(genotype[d])];
      return genotype[d];
    });
  }
  return samples;
}

void LstmPolicy::add_scores(std::span<const Genotype> genotypes, PolicyScores& scores) const {
  const size_t first = scores.log_prob.size();
  scores.log_prob.resize(first + genotypes.size(), 0.0);
  scores.entropy.resize(first + genotypes.size(), 0.0);
  walk(genotypes.size(), [&](size_t d, size_t b, size_t node) {
    const int choice = genotypes[b][d];
    if (choice == kInactive) return choice;
    scores.log_prob[first + b] += tree_.log_p(node)[static_cast<size_t>(choice)];
    scores.entropy[first + b] += tree_.entropy(node);
    return choice;
  });
}

PolicyScores LstmPolicy::score(std::span<const Genotype> genotypes) const {
  PolicyScores scores;
  for (size_t first = 0; first < genotypes.size(); first += kChunk)
    add_scores(chunk(genotypes, first), scores);
  return scores;
}

// The slopes may depend on all scores; the gradients are added chunk by chunk, in their order.
PolicyScores LstmPolicy::gradient(std::span<const Genotype> genotypes,
                                  const std::function<LossSlopes(const PolicyScores&)>& slopes_of,
                                  std::span<float> gradient) const {
  std::fill(gradient.begin(), gradient.end(), 0.0f);
  PolicyScores scores = score(genotypes);
  const LossSlopes slopes = slopes_of(scores);
  for (size_t first = 0; first < genotypes.size(); first += kChunk)
    add_gradient(chunk(genotypes, first), slopes, first, gradient);
  return scores;
}

// In the order of the samples, so that its bits do not depend on what the tree held before.
LstmPath LstmPolicy::path_of(std::span<const Genotype> genotypes,
                             std::vector<size_t>& entries) const {
  constexpr size_t kNone = SIZE_MAX;
  const size_t rows = genotypes.size();
  entries.resize(decisions_.size() * rows);
  walk(rows, [&](size_t d, size_t b, size_t node) {
    entries[d * rows + b] = node;
    return genotypes[b][d];
  });
  LstmPath path;
  std::vector<size_t> entry_of(tree_.size(), kNone);
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i % rows == 0) path.first.push_back(path.state.size());
    const size_t node = entries[i];
    if (entry_of[node] == kNone) {
      entry_of[node] = path.state.size();
      path.state.push_back(node);
      path.before.push_back(i < rows ? 0 : entries[i - rows]);
      path.token.push_back(tree_.token(node));
    }
    entries[i] = entry_of[node];
  }
  path.first.push_back(path.state.size());
  return path;
}

// By the logits z of an entry, with the samples b that pass it: sum over b of log_prob'_b (chosen_b
// - p) - entropy'_b p (log p + entropy).
void LstmPolicy::add_gradient(std::span<const Genotype> genotypes, const LossSlopes& slopes,
                              size_t first, std::span<float> gradient) const {
  const size_t rows = genotypes.size();
  const size_t stride = network_.logit_stride();
  std::vector<size_t> entries;
  const LstmPath path = path_of(genotypes, entries);
  struct Sum {
    double log_prob = 0, entropy = 0;
  };
  std::vector<Sum> sums(path.state.size());
  std::vector<double> chosen(path.state.size() * stride, 0.0);
  for (size_t i = 0; i < entries.size(); ++i) {
    const size_t b = i % rows;
    const int choice = genotypes[b][i / rows];
    if (choice == kInactive) continue;
    sums[entries[i]].log_prob += slopes.log_prob[first + b];
    sums[entries[i]].entropy += slopes.entropy[first + b];
    chosen[entries[i] * stride + static_cast<size_t>(choice)] += slopes.log_prob[first + b];
  }
  std::vector<float> by_logit(path.state.size() * stride, 0.0f);
  for (size_t e = 0; e < path.state.size(); ++e) {
    const size_t node = path.state[e];
    const auto log_p = tree_.log_p(node);
    for (size_t k = 0; k < log_p.size(); ++k) {
      const double p = std::exp(log_p[k]);
      const double slope = chosen[e * stride + k] - sums[e].log_prob * p -
                           sums[e].entropy * p * (log_p[k] + tree_.entropy(node));
      by_logit[e * stride + k] = static_cast<float>(slope * tree_.logit_slope(node, k));
    }
  }
  network_.backward(tree_.states(), path, by_logit, gradient);
}

std::vector<std::vector<double>> LstmPolicy::marginals(std::span<const Genotype> genotypes) const {
  std::vector<std::vector<double>> rows;
  for (const auto& decision : decisions_)
    rows.emplace_back(static_cast<size_t>(decision.choices()), 0.0);
  for (size_t first = 0; first < genotypes.size(); first += kChunk) {
    const auto part = chunk(genotypes, first);
    walk(part.size(), [&](size_t d, size_t b, size_t node) {
      if (part[b][d] == kInactive) return kInactive;
      const auto log_p = tree_.log_p(node);
      for (size_t k = 0; k < log_p.size(); ++k) rows[d][k] += std::exp(log_p[k]);
      return part[b][d];
    });
  }
  for (auto& row : rows) {
    for (double& p : row) p /= static_cast<double>(genotypes.size());
  }
  return rows;
}

}  // namespace

std::unique_ptr<PolicyModel> make_lstm_policy(const ControllerConfig& config,
                                              const std::vector<Decision>& decisions,
                                              uint64_t seed) {
  return std::make_unique<LstmPolicy>(config, decisions, seed);
}

}  // namespace ridgeline
