#include "controller/policy/reinforce.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <malloc.h>
#include <torch/nn/module.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adam.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "controller/checks.h"
#include "controller/policy/advantage.h"
#include "controller/policy/policy.h"
#include "controller/policy/policy_state.h"
#include "controller/policy/replay.h"
#include "controller/state.h"
#include "core/error.h"

namespace ridgeline {
namespace {

/// The bound of PPO's ratio where the advantage is negative (dual-clip PPO, Ye et al. 2020,
/// "Mastering Complex Control in MOBA Games with Deep Reinforcement Learning": c = 3).
constexpr double kDualClip = 3;
/// exp of more could overflow, and no ratio of that size counts.
constexpr double kMostLogRatio = 50;
/// Steps after which the heap's free pages go back to the system. A search keeps small records
/// between the tensors of its updates, so that the heap's holes fit no later tensor: without this a
/// process grows by 35 kB per trial (bench_journal 10000 100 '{}').
constexpr uint64_t kStepsBetweenTrims = 16;

/// The policy's products are too small to be shared out, and how they are must not reach the bits.
class OneThread {
 public:
  OneThread() : threads_(at::get_num_threads()) { set(1); }
  ~OneThread() { set(threads_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  static void set(int threads) {
    if (at::get_num_threads() != threads) at::set_num_threads(threads);
  }
  int threads_;
};

class PolicyGradient final : public Controller {
 public:
  PolicyGradient(const ControllerConfig& config, const std::vector<Decision>& decisions,
                 uint64_t seed)
      : config_(config),
        decisions_(decisions),
        policy_(make_policy(config.policy, decisions, seed)),
        adam_(policy_->parameters(), config.policy.kind == PolicyKind::kLstm
                                         ? config.policy.lstm.learning_rate
                                         : config.policy.logit_learning_rate),
        advantages_(config.gradient),
        best_(static_cast<size_t>(config.gradient.replay_best)) {}

  std::vector<Genotype> sample(int n, RandomStream& stream) override;
  UpdateStats update(std::span<const Observation> batch) override;
  std::vector<double> log_probabilities(std::span<const Genotype> genotypes) override;
  std::string save() const override;
  void restore(const std::string& bytes) override;
  std::vector<std::vector<double>> marginals(int samples, RandomStream& stream) override;

 private:
  /// What a proposal near one of the best keeps of it; all free where it starts from nothing.
  Genotype kept(const std::vector<Genotype>& best, RandomStream& stream) const;
  /// log_prob [n] without a gradient.
  at::Tensor scored(std::span<const Genotype> genotypes) const;

  /// [rows] what is to rise of samples with these log-probabilities, `first` being the first one's
  /// number.
  using Objective = std::function<at::Tensor(const at::Tensor& log_prob, int64_t first)>;
  void reinforce(std::span<const Genotype> genotypes, const at::Tensor& advantage,
                 UpdateStats& stats);
  void ppo(std::span<const Genotype> genotypes, const at::Tensor& advantage, UpdateStats& stats);
  void step(std::span<const Genotype> genotypes, const Objective& objective, UpdateStats& stats);

  ControllerConfig config_;
  std::vector<Decision> decisions_;
  std::shared_ptr<Policy> policy_;
  torch::optim::Adam adam_;
  uint64_t steps_ = 0;  // of adam_
  Advantages advantages_;
  BestReplay best_;
};

std::vector<Genotype> PolicyGradient::sample(int n, RandomStream& stream) {
  const OneThread one_thread;
  std::vector<double> numbers;
  std::vector<Genotype> keep;
  const auto best = best_.genotypes();
  for (int i = 0; i < n; ++i) {
    RandomStream own(stream.next());
    for (size_t d = 0; d < decisions_.size(); ++d) numbers.push_back(own.uniform());
    keep.push_back(kept(best, own));
  }
  return policy_->sample(numbers, keep).genotypes;
}

Genotype PolicyGradient::kept(const std::vector<Genotype>& best, RandomStream& stream) const {
  if (best.empty() || stream.uniform() >= config_.gradient.local_share)
    return Genotype(decisions_.size(), kFree);
  Genotype keep = best[static_cast<size_t>(stream.below(static_cast<int>(best.size())))];
  const auto decisions = static_cast<double>(decisions_.size());
  for (int& choice : keep) {
    if (stream.uniform() < config_.gradient.local_changes / decisions) choice = kFree;
  }
  keep[static_cast<size_t>(stream.below(static_cast<int>(keep.size())))] = kFree;
  return keep;
}

// Sample by sample, so that a sample's numbers depend on its place in the stream alone.
std::vector<std::vector<double>> PolicyGradient::marginals(int samples, RandomStream& stream) {
  const OneThread one_thread;
  std::vector<double> uniforms(static_cast<size_t>(samples) * decisions_.size());
  for (double& uniform : uniforms) uniform = stream.uniform();
  return policy_->marginals(policy_->sample(uniforms).genotypes);
}

std::vector<double> PolicyGradient::log_probabilities(std::span<const Genotype> genotypes) {
  const OneThread one_thread;
  for (const auto& genotype : genotypes) check_genotype(decisions_, genotype);
  if (genotypes.empty()) return {};
  const at::Tensor log_prob = scored(genotypes);
  const double* values = log_prob.data_ptr<double>();
  return {values, values + log_prob.numel()};
}

at::Tensor PolicyGradient::scored(std::span<const Genotype> genotypes) const {
  const at::NoGradGuard no_gradients;
  std::vector<at::Tensor> parts;
  for (size_t first = 0; first < genotypes.size(); first += Policy::kChunk)
    parts.push_back(policy_->score(Policy::chunk(genotypes, first)).log_prob);
  return at::cat(parts);
}

// The gradient of E_now[advantage] is E_then[p_now / p_then x advantage x grad log p_now]: an
// importance weight is a factor of its sample's advantage.
UpdateStats PolicyGradient::update(std::span<const Observation> batch) {
  const OneThread one_thread;
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
  const at::Tensor advantage = at::tensor(advantages, at::kDouble);
  if (config_.kind == ControllerKind::kPpo) {
    ppo(genotypes, advantage, stats);
  } else {
    reinforce(genotypes, advantage, stats);
  }
  advantages_.observe(rewards);
  for (size_t i = 0; i < genotypes.size(); ++i) best_.observe(genotypes[i], rewards[i]);
  stats.baseline = advantages_.baseline();
  return stats;
}

// Williams 1992: A log p.
void PolicyGradient::reinforce(std::span<const Genotype> genotypes, const at::Tensor& advantage,
                               UpdateStats& stats) {
  step(
      genotypes,
      [&](const at::Tensor& log_prob, int64_t first) {
        return advantage.narrow(0, first, log_prob.size(0)) * log_prob;
      },
      stats);
}

// Schulman et al. 2017, Equation 7: min(ratio A, clip(ratio) A). With A < 0 that leaves large
// ratios unbounded, up to overflow; there it is at least c A (Ye et al. 2020).
void PolicyGradient::ppo(std::span<const Genotype> genotypes, const at::Tensor& advantage,
                         UpdateStats& stats) {
  const at::Tensor before = scored(genotypes);
  std::vector<int64_t> order(genotypes.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  RandomStream stream(0, steps_, "ppo");
  const auto minibatch = static_cast<size_t>(config_.ppo.minibatch);
  for (int epoch = 0; epoch < config_.ppo.epochs; ++epoch) {
    for (size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[static_cast<size_t>(stream.below(static_cast<int>(i)))]);
    for (size_t start = 0; start < order.size(); start += minibatch) {
      const size_t count = std::min(minibatch, order.size() - start);
      std::vector<Genotype> chosen;
      for (const int64_t i : std::span(order).subspan(start, count))
        chosen.push_back(genotypes[static_cast<size_t>(i)]);
      const at::Tensor rows = at::tensor(at::ArrayRef<int64_t>(order.data() + start, count));
      const at::Tensor a = advantage.index_select(0, rows), b = before.index_select(0, rows);
      step(
          chosen,
          [&](const at::Tensor& log_prob, int64_t first) {
            const int64_t n = log_prob.size(0);
            const at::Tensor A = a.narrow(0, first, n);
            const at::Tensor ratio =
                (log_prob - b.narrow(0, first, n)).clamp_max(kMostLogRatio).exp();
            const at::Tensor clipped = ratio.clamp(1 - config_.ppo.clip, 1 + config_.ppo.clip);
            const at::Tensor least = at::minimum(ratio * A, clipped * A);
            return at::where(A < 0, at::maximum(least, kDualClip * A), least);
          },
          stats);
    }
  }
}

// One step of Adam up mean(objective) + entropy_weight x mean(entropy) + replay_weight x
// mean(log p of the replayed networks). The gradient is added up over chunks.
void PolicyGradient::step(std::span<const Genotype> genotypes, const Objective& objective,
                          UpdateStats& stats) {
  const at::AutoGradMode with_gradients(true);
  const auto replayed = best_.genotypes();
  std::vector<Genotype> all(genotypes.begin(), genotypes.end());
  all.insert(all.end(), replayed.begin(), replayed.end());
  const auto sampled = static_cast<double>(genotypes.size());
  stats.loss = stats.entropy = 0;
  adam_.zero_grad();
  for (size_t first = 0; first < all.size(); first += Policy::kChunk) {
    const auto chunk = Policy::chunk(all, first);
    const auto [log_prob, entropy] = policy_->score(chunk);
    const auto rows = static_cast<int64_t>(chunk.size());
    const auto own = std::clamp<int64_t>(
        static_cast<int64_t>(genotypes.size()) - static_cast<int64_t>(first), 0, rows);
    at::Tensor gain;
    if (own > 0) {
      const at::Tensor own_entropy = entropy.narrow(0, 0, own).sum();
      gain = (objective(log_prob.narrow(0, 0, own), static_cast<int64_t>(first)).sum() +
              config_.gradient.entropy_weight * own_entropy) /
             sampled;
      stats.entropy += own_entropy.item<double>() / sampled;
    }
    if (own < rows) {
      const at::Tensor best = config_.gradient.replay_weight *
                              log_prob.narrow(0, own, rows - own).sum() /
                              static_cast<double>(replayed.size());
      gain = gain.defined() ? gain + best : best;
    }
    const at::Tensor loss = -gain;
    stats.loss += loss.item<double>();
    loss.backward();
  }
  stats.gradient_norm = torch::nn::utils::clip_grad_norm_(
      policy_->parameters(), config_.gradient.gradient_clip > 0
                                 ? config_.gradient.gradient_clip
                                 : std::numeric_limits<double>::infinity());
  if (!std::isfinite(stats.loss) || !std::isfinite(stats.gradient_norm)) {
    throw Error(ErrorKind::kInternal,
                "controller: the gradient is not finite; rewards must stay far below 1e30");
  }
  adam_.step();
  if (++steps_ % kStepsBetweenTrims == 0) malloc_trim(0);
}

std::string PolicyGradient::save() const {
  StateWriter writer(config_.kind, decisions_);
  writer.text(policy_->sizes());
  advantages_.save(writer);
  best_.save(writer);
  writer.integer(steps_);
  writer.text(policy_bytes(*policy_, adam_));
  return writer.finish();
}

void PolicyGradient::restore(const std::string& bytes) {
  StateReader reader(bytes, config_.kind, decisions_);
  const std::string saved_sizes = reader.text();
  if (saved_sizes != policy_->sizes()) {
    throw Error(ErrorKind::kRun, "controller state: saved by a policy of " + saved_sizes +
                                     "; this one has " + policy_->sizes());
  }
  Advantages advantages(config_.gradient);
  advantages.restore(reader);
  BestReplay best(static_cast<size_t>(config_.gradient.replay_best));
  best.restore(reader);
  const uint64_t steps = reader.integer();
  const std::string policy = reader.text();
  reader.finish();

  restore_policy(policy, *policy_, adam_);
  steps_ = steps;
  advantages_ = std::move(advantages);
  best_ = std::move(best);
}

}  // namespace

std::unique_ptr<Controller> make_reinforce(const ControllerConfig& config,
                                           const std::vector<Decision>& decisions, uint64_t seed) {
  return std::make_unique<PolicyGradient>(config, decisions, seed);
}

}  // namespace ridgeline
