#include "controller/lstm_policy.h"

#include <algorithm>
#include <cmath>

#include "controller/lstm_network.h"
#include "controller/pick.h"

namespace ridgeline {
namespace {

/// Samples that step together: a backward pass holds about 3 kB for each decision of each.
constexpr size_t kChunk = 128;

class LstmPolicy final : public PolicyModel {
 public:
  LstmPolicy(const ControllerConfig& config, const std::vector<Decision>& decisions, uint64_t seed)
      : sizes_("hidden " + std::to_string(config.hidden) + ", layers " +
               std::to_string(config.layers) + ", embedding " + std::to_string(config.embedding)),
        decisions_(decisions),
        temperature_(config.temperature),
        tanh_constant_(config.tanh_constant),
        network_(config, decisions, seed) {}

  std::span<float> weights() override { return network_.weights(); }
  PolicySamples sample(std::span<const double> uniforms,
                       std::span<const Genotype> kept) const override;
  PolicyScores score(std::span<const Genotype> genotypes) const override;
  PolicyScores gradient(std::span<const Genotype> genotypes,
                        const std::function<LossSlopes(const PolicyScores&)>& slopes_of,
                        std::span<float> gradient) const override;
  std::vector<std::vector<double>> marginals(std::span<const Genotype> genotypes) const override;
  std::string sizes() const override { return sizes_; }

 private:
  /// The distribution of one decision of one sample.
  struct Choices {
    std::vector<double> log_p;
    double entropy = 0;  ///< nats
  };

  void set_choices(size_t decision, const float* logits, Choices& choices) const;
  /// Steps through all decisions of `genotypes`, at most kChunk, and calls visit(decision, sample,
  /// choices) for every active one. With `keep`, tokens_, logits_ and pass_ then hold what a
  /// backward pass needs.
  template <class Visit>
  void walk(std::span<const Genotype> genotypes, bool keep, const Visit& visit) const;
  /// `walk` that adds up log-probability and entropy.
  void add_scores(std::span<const Genotype> genotypes, bool keep, PolicyScores& scores) const;
  /// Turns the kept logits into the loss's slopes there, `first` being the number of the first
  /// genotype in `slopes`, and adds the gradient.
  void add_gradient(std::span<const Genotype> genotypes, const LossSlopes& slopes, size_t first,
                    std::span<float> gradient) const;

  static std::span<const Genotype> chunk(std::span<const Genotype> genotypes, size_t first) {
    return genotypes.subspan(first, std::min(kChunk, genotypes.size() - first));
  }

  std::string sizes_;
  std::vector<Decision> decisions_;
  double temperature_;
  double tanh_constant_;
  // What follows is computed from the weights or is working memory.
  mutable LstmNetwork network_;
  mutable LstmPass pass_;
  mutable std::vector<size_t> tokens_;  // [steps or 1, samples]
  mutable std::vector<float> logits_;   // [steps or 1, samples, logit_stride]
};

void LstmPolicy::set_choices(size_t decision, const float* logits, Choices& choices) const {
  choices.log_p.resize(static_cast<size_t>(decisions_[decision].choices()));
  double largest = -HUGE_VAL;
  for (size_t k = 0; k < choices.log_p.size(); ++k) {
    const double z = static_cast<double>(logits[k]) / temperature_;
    choices.log_p[k] = tanh_constant_ > 0 ? tanh_constant_ * std::tanh(z) : z;
    largest = std::max(largest, choices.log_p[k]);
  }
  double sum = 0;
  double mean = 0;
  for (double& l : choices.log_p) {
    l -= largest;
    const double p = std::exp(l);
    sum += p;
    mean += p * l;
  }
  const double log_sum = std::log(sum);
  for (double& l : choices.log_p) l -= log_sum;
  choices.entropy = log_sum - mean / sum;
}

PolicySamples LstmPolicy::sample(std::span<const double> uniforms,
                                 std::span<const Genotype> kept) const {
  const size_t steps = decisions_.size();
  const size_t count = uniforms.size() / steps;
  PolicySamples samples{std::vector<Genotype>(count, Genotype(steps, kInactive)),
                        std::vector<double>(count, 0.0)};
  Choices choices;
  for (size_t first = 0; first < count; first += kChunk) {
    const size_t rows = std::min(kChunk, count - first);
    network_.begin(pass_, rows, /*keep_all_steps=*/false);
    tokens_.assign(rows, LstmNetwork::kStart);
    logits_.resize(std::max(logits_.size(), rows * network_.logit_stride()));
    for (size_t d = 0; d < steps; ++d) {
      network_.step(d, tokens_, pass_, logits_.data());
      for (size_t b = 0; b < rows; ++b) {
        Genotype& genotype = samples.genotypes[first + b];
        if (is_active(decisions_[d], genotype)) {
          set_choices(d, logits_.data() + b * network_.logit_stride(), choices);
          const int keep = kept.empty() ? kFree : kept[first + b][d];
          genotype[d] = keep >= 0 ? keep : pick(choices.log_p, uniforms[(first + b) * steps + d]);
          samples.log_prob[first + b] += choices.log_p[static_cast<size_t>(genotype[d])];
        }
        tokens_[b] = network_.token(d, genotype[d]);
      }
    }
  }
  return samples;
}

template <class Visit>
void LstmPolicy::walk(std::span<const Genotype> genotypes, bool keep, const Visit& visit) const {
  const size_t rows = genotypes.size();
  const size_t steps = decisions_.size();
  network_.begin(pass_, rows, keep);
  tokens_.resize(steps * rows);
  logits_.resize(std::max(logits_.size(), (keep ? steps : 1) * rows * network_.logit_stride()));
  Choices choices;
  for (size_t d = 0; d < steps; ++d) {
    size_t* tokens = tokens_.data() + d * rows;
    for (size_t b = 0; b < rows; ++b)
      tokens[b] = d == 0 ? LstmNetwork::kStart : network_.token(d - 1, genotypes[b][d - 1]);
    float* logits = logits_.data() + (keep ? d * rows * network_.logit_stride() : 0);
    network_.step(d, {tokens, rows}, pass_, logits);
    for (size_t b = 0; b < rows; ++b) {
      if (genotypes[b][d] == kInactive) continue;
      set_choices(d, logits + b * network_.logit_stride(), choices);
      visit(d, b, choices);
    }
  }
}

void LstmPolicy::add_scores(std::span<const Genotype> genotypes, bool keep,
                            PolicyScores& scores) const {
  const size_t first = scores.log_prob.size();
  scores.log_prob.resize(first + genotypes.size(), 0.0);
  scores.entropy.resize(first + genotypes.size(), 0.0);
  walk(genotypes, keep, [&](size_t d, size_t b, const Choices& choices) {
    scores.log_prob[first + b] += choices.log_p[static_cast<size_t>(genotypes[b][d])];
    scores.entropy[first + b] += choices.entropy;
  });
}

PolicyScores LstmPolicy::score(std::span<const Genotype> genotypes) const {
  PolicyScores scores;
  for (size_t first = 0; first < genotypes.size(); first += kChunk)
    add_scores(chunk(genotypes, first), /*keep=*/false, scores);
  return scores;
}

// A batch of one chunk is scored once; a larger one first as a whole, since the slopes may depend
// on all its scores, then chunk by chunk for the gradients, which are added in their order.
PolicyScores LstmPolicy::gradient(std::span<const Genotype> genotypes,
                                  const std::function<LossSlopes(const PolicyScores&)>& slopes_of,
                                  std::span<float> gradient) const {
  std::fill(gradient.begin(), gradient.end(), 0.0f);
  if (genotypes.size() <= kChunk) {
    PolicyScores scores;
    add_scores(genotypes, /*keep=*/true, scores);
    add_gradient(genotypes, slopes_of(scores), 0, gradient);
    return scores;
  }
  PolicyScores scores = score(genotypes);
  const LossSlopes slopes = slopes_of(scores);
  for (size_t first = 0; first < genotypes.size(); first += kChunk) {
    const auto part = chunk(genotypes, first);
    walk(part, /*keep=*/true, [](size_t, size_t, const Choices&) {});
    add_gradient(part, slopes, first, gradient);
  }
  return scores;
}

void LstmPolicy::add_gradient(std::span<const Genotype> genotypes, const LossSlopes& slopes,
                              size_t first, std::span<float> gradient) const {
  const size_t rows = genotypes.size();
  const size_t stride = network_.logit_stride();
  Choices choices;
  for (size_t d = 0; d < decisions_.size(); ++d) {
    for (size_t b = 0; b < rows; ++b) {
      float* logits = logits_.data() + (d * rows + b) * stride;
      if (genotypes[b][d] == kInactive) {
        std::fill_n(logits, decisions_[d].choices(), 0.0f);
        continue;
      }
      set_choices(d, logits, choices);
      for (size_t k = 0; k < choices.log_p.size(); ++k) {
        const double l = choices.log_p[k];
        const double p = std::exp(l);
        const double chosen = genotypes[b][d] == static_cast<int>(k) ? 1 : 0;
        double slope = slopes.log_prob[first + b] * (chosen - p) -
                       slopes.entropy[first + b] * p * (l + choices.entropy);
        if (tanh_constant_ > 0) {
          const double t = std::tanh(static_cast<double>(logits[k]) / temperature_);
          slope *= tanh_constant_ * (1 - t * t);
        }
        logits[k] = static_cast<float>(slope / temperature_);
      }
    }
  }
  const size_t size = decisions_.size() * rows;
  network_.backward(pass_, std::span(tokens_).first(size), std::span(logits_).first(size * stride),
                    gradient);
}

std::vector<std::vector<double>> LstmPolicy::marginals(std::span<const Genotype> genotypes) const {
  std::vector<std::vector<double>> rows;
  for (const auto& decision : decisions_)
    rows.emplace_back(static_cast<size_t>(decision.choices()), 0.0);
  for (size_t first = 0; first < genotypes.size(); first += kChunk) {
    walk(chunk(genotypes, first), /*keep=*/false, [&](size_t d, size_t, const Choices& choices) {
      for (size_t k = 0; k < rows[d].size(); ++k) rows[d][k] += std::exp(choices.log_p[k]);
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
