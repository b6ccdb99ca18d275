#include "controller/reinforce.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "controller/adam.h"
#include "controller/advantage.h"
#include "controller/checks.h"
#include "controller/lstm_kernels.h"
#include "controller/policy_model.h"
#include "controller/replay.h"
#include "controller/state.h"
#include "core/error.h"

namespace ridgeline {
namespace {

/// The bound of PPO's ratio where the advantage is negative (dual-clip PPO, Ye et al. 2020,
/// "Mastering Complex Control in MOBA Games with Deep Reinforcement Learning": c = 3).
constexpr double kDualClip = 3;

class PolicyGradient final : public Controller {
 public:
  PolicyGradient(const ControllerConfig& config, const std::vector<Decision>& decisions,
                 uint64_t seed)
      : config_(config),
        decisions_(decisions),
        model_(make_policy_model(config, decisions, seed)),
        adam_(model_->weights().size(), config.policy == PolicyKind::kLstm
                                            ? config.learning_rate
                                            : config.logit_learning_rate),
        advantages_(config),
        best_(static_cast<size_t>(config.replay_best)) {}

  std::vector<Genotype> sample(int n, RandomStream& stream) override;

  UpdateStats update(std::span<const Observation> batch) override;

  std::vector<double> log_probabilities(std::span<const Genotype> genotypes) override {
    for (const auto& genotype : genotypes) check_genotype(decisions_, genotype);
    if (genotypes.empty()) return {};
    return model_->score(genotypes).log_prob;
  }

  std::string save() const override;
  void restore(const std::string& bytes) override;

  std::vector<std::vector<double>> marginals(int samples, RandomStream& stream) override {
    return model_->marginals(model_->sample(uniforms(samples, stream)).genotypes);
  }

 private:
  /// Sample by sample, so that a sample's numbers depend on its place in the stream alone.
  std::vector<double> uniforms(int n, RandomStream& stream) const {
    std::vector<double> numbers(static_cast<size_t>(n) * decisions_.size());
    for (double& number : numbers) number = stream.uniform();
    return numbers;
  }

  /// What a proposal near one of the best keeps of it; all free where it starts from nothing.
  Genotype kept(const std::vector<Genotype>& best, RandomStream& stream) const;

  /// One step of Adam along the gradient of -mean(factor x log_prob) - entropy_weight x
  /// mean(entropy) over `genotypes`, less the replayed networks' part; `factors_of` maps the
  /// log-probabilities of `genotypes` to their factors.
  using Factors = std::function<std::vector<double>(std::span<const double> log_prob)>;
  void step(std::span<const Genotype> genotypes, const Factors& factors_of, UpdateStats& stats);
  std::vector<float> gradient(std::span<const Genotype> genotypes, const Factors& factors_of,
                              UpdateStats& stats) const;
  void ppo(std::span<const Genotype> genotypes, const std::vector<double>& advantages,
           UpdateStats& stats);

  ControllerConfig config_;
  std::vector<Decision> decisions_;
  std::unique_ptr<PolicyModel> model_;
  Adam adam_;
  Advantages advantages_;
  BestReplay best_;
};

std::vector<Genotype> PolicyGradient::sample(int n, RandomStream& stream) {
  std::vector<double> numbers;
  std::vector<Genotype> keep;
  const auto best = best_.genotypes();
  for (int i = 0; i < n; ++i) {
    RandomStream own(stream.next());
    for (size_t d = 0; d < decisions_.size(); ++d) numbers.push_back(own.uniform());
    keep.push_back(kept(best, own));
  }
  return model_->sample(numbers, keep).genotypes;
}

Genotype PolicyGradient::kept(const std::vector<Genotype>& best, RandomStream& stream) const {
  if (best.empty() || stream.uniform() >= config_.local_share)
    return Genotype(decisions_.size(), kFree);
  Genotype keep = best[static_cast<size_t>(stream.below(static_cast<int>(best.size())))];
  const auto decisions = static_cast<double>(decisions_.size());
  for (int& choice : keep) {
    if (stream.uniform() < config_.local_changes / decisions) choice = kFree;
  }
  keep[static_cast<size_t>(stream.below(static_cast<int>(keep.size())))] = kFree;
  return keep;
}

std::vector<float> PolicyGradient::gradient(std::span<const Genotype> genotypes,
                                            const Factors& factors_of, UpdateStats& stats) const {
  const size_t batch = genotypes.size();
  std::vector<Genotype> all(genotypes.begin(), genotypes.end());
  const auto replayed = best_.genotypes();
  all.insert(all.end(), replayed.begin(), replayed.end());
  std::vector<float> gradient(adam_.mean.size());
  const auto n = static_cast<double>(batch);
  double loss = 0;
  const auto slopes_of = [&](const PolicyScores& scores) {
    LossSlopes slopes{std::vector<double>(all.size(), 0.0), std::vector<double>(all.size(), 0.0)};
    const auto factors = factors_of(std::span(scores.log_prob).first(batch));
    for (size_t i = 0; i < batch; ++i) {
      slopes.log_prob[i] = -factors[i] / n;
      slopes.entropy[i] = -config_.entropy_weight / n;
    }
    for (size_t i = batch; i < all.size(); ++i) {
      slopes.log_prob[i] = -config_.replay_weight / static_cast<double>(replayed.size());
    }
    for (size_t i = 0; i < all.size(); ++i) {
      loss += slopes.log_prob[i] * scores.log_prob[i] + slopes.entropy[i] * scores.entropy[i];
    }
    return slopes;
  };
  const PolicyScores scores = model_->gradient(all, slopes_of, gradient);
  stats.loss = loss;
  stats.entropy =
      std::accumulate(scores.entropy.begin(),
                      scores.entropy.begin() + static_cast<std::ptrdiff_t>(batch), 0.0) /
      n;
  stats.gradient_norm = std::sqrt(sum_of_squares(gradient));
  return gradient;
}

void PolicyGradient::step(std::span<const Genotype> genotypes, const Factors& factors_of,
                          UpdateStats& stats) {
  std::vector<float> flat = gradient(genotypes, factors_of, stats);
  if (!std::isfinite(stats.loss) || !std::isfinite(stats.gradient_norm)) {
    throw Error(ErrorKind::kInternal,
                "controller: the gradient is not finite; rewards must stay far below 1e30");
  }
  if (config_.gradient_clip > 0 && stats.gradient_norm > config_.gradient_clip) {
    const auto scale = static_cast<float>(config_.gradient_clip / stats.gradient_norm);
    for (float& slope : flat) slope *= scale;
  }
  adam_.step(model_->weights(), flat);
}

// The gradient of E_now[advantage] is E_then[p_now / p_then x advantage x grad log p_now]: a weight
// is a factor of its sample's advantage.
UpdateStats PolicyGradient::update(std::span<const Observation> batch) {
  check_batch(decisions_, batch);
  UpdateStats stats{.baseline = advantages_.baseline()};
  if (batch.empty()) return stats;
  std::vector<Genotype> genotypes;
  std::vector<double> rewards;
  for (const auto& observation : batch) {
    genotypes.push_back(observation.genotype);
    rewards.push_back(observation.reward);
  }
  stats.mean_reward =
      std::accumulate(rewards.begin(), rewards.end(), 0.0) / static_cast<double>(rewards.size());
  std::vector<double> advantages = advantages_.of(rewards);
  for (size_t i = 0; i < batch.size(); ++i) advantages[i] *= batch[i].weight;
  if (config_.kind == ControllerKind::kPpo) {
    ppo(genotypes, advantages, stats);
  } else {
    step(
        genotypes, [&](std::span<const double>) { return advantages; }, stats);
  }
  advantages_.tell(rewards);
  for (size_t i = 0; i < genotypes.size(); ++i) best_.tell(genotypes[i], rewards[i]);
  stats.baseline = advantages_.baseline();
  return stats;
}

// Schulman et al. 2017, Equation 7: the gradient of min(ratio A, clip(ratio) A) is ratio A grad log
// p, and 0 where the ratio has left the trust region in the direction that A asks for. With A < 0
// that leaves large ratios unbounded, up to overflow: they count as having left it, too.
void PolicyGradient::ppo(std::span<const Genotype> genotypes, const std::vector<double>& advantages,
                         UpdateStats& stats) {
  const std::vector<double> before = model_->score(genotypes).log_prob;
  std::vector<size_t> order(genotypes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  RandomStream stream(0, static_cast<uint64_t>(adam_.steps), "ppo");
  const auto minibatch = static_cast<size_t>(config_.ppo_minibatch);
  for (int epoch = 0; epoch < config_.ppo_epochs; ++epoch) {
    for (size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[static_cast<size_t>(stream.below(static_cast<int>(i)))]);
    for (size_t first = 0; first < order.size(); first += minibatch) {
      const std::span<const size_t> part =
          std::span(order).subspan(first, std::min(minibatch, order.size() - first));
      std::vector<Genotype> chosen;
      for (const size_t i : part) chosen.push_back(genotypes[i]);
      const auto factors = [&](std::span<const double> log_prob) {
        std::vector<double> values;
        for (size_t k = 0; k < part.size(); ++k) {
          const double advantage = advantages[part[k]];
          const double ratio = std::exp(log_prob[k] - before[part[k]]);
          const bool left = advantage > 0 ? ratio > 1 + config_.ppo_clip
                                          : ratio < 1 - config_.ppo_clip || ratio > kDualClip;
          values.push_back(left ? 0.0 : ratio * advantage);
        }
        return values;
      };
      step(chosen, factors, stats);
    }
  }
}

std::string PolicyGradient::save() const {
  StateWriter writer(config_.kind, decisions_);
  writer.text(model_->sizes());
  advantages_.save(writer);
  best_.save(writer);
  writer.integer(static_cast<uint64_t>(adam_.steps));
  writer.floats(model_->weights());
  writer.floats(adam_.mean);
  writer.floats(adam_.variance);
  return writer.finish();
}

void PolicyGradient::restore(const std::string& bytes) {
  StateReader reader(bytes, config_.kind, decisions_);
  const std::string saved_sizes = reader.text();
  if (saved_sizes != model_->sizes()) {
    throw Error(ErrorKind::kRun, "controller state: saved by a policy of " + saved_sizes +
                                     "; this one has " + model_->sizes());
  }
  Advantages advantages(config_);
  advantages.restore(reader);
  BestReplay best(static_cast<size_t>(config_.replay_best));
  best.restore(reader);
  const auto steps = static_cast<int64_t>(reader.integer());
  std::array<std::vector<float>, 3> read;
  for (auto& values : read) {
    values.resize(adam_.mean.size());
    reader.floats(values);
  }
  reader.finish();

  advantages_ = std::move(advantages);
  best_ = std::move(best);
  adam_.steps = steps;
  std::copy(read[0].begin(), read[0].end(), model_->weights().begin());
  adam_.mean = std::move(read[1]);
  adam_.variance = std::move(read[2]);
}

}  // namespace

std::unique_ptr<Controller> make_reinforce(const ControllerConfig& config,
                                           const std::vector<Decision>& decisions, uint64_t seed) {
  return std::make_unique<PolicyGradient>(config, decisions, seed);
}

}  // namespace ridgeline
