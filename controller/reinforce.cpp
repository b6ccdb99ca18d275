#include "controller/reinforce.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "controller/adam.h"
#include "controller/checks.h"
#include "controller/policy.h"
#include "controller/state.h"
#include "core/error.h"

namespace ridgeline {
namespace {

/// Samples that are scored together.
constexpr size_t kChunk = 128;

/// Sums taken by two threads round otherwise than by one, and a run must not depend on `threads`.
/// The products here are also too small to gain from a second thread.
class OneThread {
 public:
  OneThread() : before_(at::get_num_threads()) {
    if (before_ != 1) at::set_num_threads(1);
  }
  ~OneThread() {
    if (before_ != 1) at::set_num_threads(before_);
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

/// Moves all parameters into one vector of which each becomes a view: a step, a norm or a
/// checkpoint is then one operation instead of one per parameter.
at::Tensor flatten(std::vector<at::Tensor>& parameters) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> flat;
  for (const auto& parameter : parameters) flat.push_back(parameter.reshape({-1}));
  const at::Tensor weights = at::cat(flat);
  int64_t offset = 0;
  for (auto& parameter : parameters) {
    parameter.set_data(weights.narrow(0, offset, parameter.numel()).view(parameter.sizes()));
    offset += parameter.numel();
  }
  return weights;
}

std::span<float> floats_of(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<size_t>(tensor.numel())};
}

class Reinforce final : public Controller {
 public:
  Reinforce(const ControllerConfig& config, const std::vector<Decision>& decisions, uint64_t seed)
      : config_(config),
        decisions_(decisions),
        policy_(config, decisions, seed),
        parameters_(policy_->parameters()),
        weights_(flatten(parameters_)),
        adam_(weights_.numel(), config.learning_rate) {}

  std::vector<Genotype> sample(int n, RandomStream& stream) override {
    const OneThread one_thread;
    return policy_->sample(n, stream).genotypes;
  }

  UpdateStats update(std::span<const Genotype> genotypes, std::span<const double> rewards,
                     std::span<const double> weights) override;
  std::vector<double> log_probabilities(std::span<const Genotype> genotypes) override;
  std::string save() const override;
  void restore(const std::string& bytes) override;

  std::vector<std::vector<double>> marginals(int samples, RandomStream& stream) override {
    const OneThread one_thread;
    return policy_->marginals(policy_->sample(samples, stream).genotypes);
  }

 private:
  /// Fills loss, entropy and gradient norm of `stats`; returns the gradient, [parameters].
  at::Tensor gradient(std::span<const Genotype> genotypes, std::span<const double> advantages,
                      UpdateStats& stats) const;
  /// The part that a `share` of the batch has in the gradient, and in the loss and entropy of
  /// `stats`.
  at::Tensor chunk_gradient(std::span<const Genotype> genotypes, std::span<const double> advantages,
                            double share, UpdateStats& stats) const;
  std::string sizes() const;

  ControllerConfig config_;
  std::vector<Decision> decisions_;
  Policy policy_;
  std::vector<at::Tensor> parameters_;  // views into weights_
  at::Tensor weights_;                  // [parameters]
  Adam adam_;
  double baseline_ = 0;  // meaningful after the first step
};

// A backward pass holds about half a megabyte per sample, so a large batch goes through in chunks,
// whose gradients are added in their order. A batch of one chunk is computed as a whole.
at::Tensor Reinforce::gradient(std::span<const Genotype> genotypes,
                               std::span<const double> advantages, UpdateStats& stats) const {
  at::Tensor gradient;
  for (size_t first = 0; first < genotypes.size(); first += kChunk) {
    const size_t count = std::min(kChunk, genotypes.size() - first);
    const double share = static_cast<double>(count) / static_cast<double>(genotypes.size());
    const at::Tensor part = chunk_gradient(genotypes.subspan(first, count),
                                           advantages.subspan(first, count), share, stats);
    gradient = first == 0 ? part : gradient.add_(part);
  }
  stats.gradient_norm = gradient.norm(2, at::kDouble).item<double>();
  return gradient;
}

at::Tensor Reinforce::chunk_gradient(std::span<const Genotype> genotypes,
                                     std::span<const double> advantages, double share,
                                     UpdateStats& stats) const {
  const at::AutoGradMode with_gradients(true);
  const PolicyScore score = policy_->score(genotypes);
  const at::Tensor loss =
      share * reinforce_loss(score,
                             at::tensor(at::ArrayRef<double>(advantages.data(), advantages.size()),
                                        at::kDouble),
                             config_.entropy_weight);
  std::vector<at::Tensor> parts = torch::autograd::grad({loss}, parameters_);
  for (auto& part : parts) part = part.reshape({-1});
  const at::Tensor scalars = at::stack({loss.detach(), score.entropy.detach().mean()});
  const double* values = scalars.data_ptr<double>();
  stats.loss += values[0];
  stats.entropy += share * values[1];
  return at::cat(parts);
}

// The gradient of E_now[advantage] is E_then[p_now / p_then x advantage x grad log p_now]: a weight
// is a factor of its sample's advantage.
UpdateStats Reinforce::update(std::span<const Genotype> genotypes, std::span<const double> rewards,
                              std::span<const double> weights) {
  check_batch(decisions_, genotypes, rewards, weights);
  UpdateStats stats{.baseline = baseline_};
  if (genotypes.empty()) return stats;
  const OneThread one_thread;
  stats.mean_reward =
      std::accumulate(rewards.begin(), rewards.end(), 0.0) / static_cast<double>(rewards.size());
  const double baseline = adam_.steps == 0 ? stats.mean_reward : baseline_;
  std::vector<double> advantages;
  for (const double reward : rewards) advantages.push_back(reward - baseline);
  for (size_t i = 0; i < weights.size(); ++i) advantages[i] *= weights[i];
  at::Tensor flat = gradient(genotypes, advantages, stats);
  if (!std::isfinite(stats.loss) || !std::isfinite(stats.gradient_norm)) {
    throw Error(ErrorKind::kInternal,
                "controller: the gradient is not finite; rewards must stay far below 1e30");
  }
  if (config_.gradient_clip > 0 && stats.gradient_norm > config_.gradient_clip) {
    flat.mul_(config_.gradient_clip / stats.gradient_norm);
  }
  adam_.step(weights_, flat);
  baseline_ = baseline + (1.0 - config_.baseline_decay) * (stats.mean_reward - baseline);
  stats.baseline = baseline_;
  return stats;
}

std::vector<double> Reinforce::log_probabilities(std::span<const Genotype> genotypes) {
  for (const auto& genotype : genotypes) check_genotype(decisions_, genotype);
  if (genotypes.empty()) return {};
  const OneThread one_thread;
  const at::NoGradGuard no_grad;
  std::vector<double> result;
  const std::span<const Genotype> all = genotypes;
  for (size_t first = 0; first < all.size(); first += kChunk) {
    const at::Tensor log_prob =
        policy_->score(all.subspan(first, std::min(kChunk, all.size() - first)))
            .log_prob.contiguous();  // [chunk]
    const double* values = log_prob.data_ptr<double>();
    result.insert(result.end(), values, values + log_prob.numel());
  }
  return result;
}

std::string Reinforce::sizes() const {
  return "hidden " + std::to_string(config_.hidden) + ", layers " + std::to_string(config_.layers) +
         ", embedding " + std::to_string(config_.embedding);
}

std::string Reinforce::save() const {
  StateWriter writer(ControllerKind::kReinforce, decisions_);
  writer.text(sizes());
  writer.number(baseline_);
  writer.integer(static_cast<uint64_t>(adam_.steps));
  for (const auto* tensor : {&weights_, &adam_.mean, &adam_.variance}) {
    writer.floats(floats_of(*tensor));
  }
  return writer.finish();
}

void Reinforce::restore(const std::string& bytes) {
  StateReader reader(bytes, ControllerKind::kReinforce, decisions_);
  const std::string saved_sizes = reader.text();
  if (saved_sizes != sizes()) {
    throw Error(ErrorKind::kRun, "controller state: saved by a policy of " + saved_sizes +
                                     "; this one has " + sizes());
  }
  const double baseline = reader.number();
  const auto steps = static_cast<int64_t>(reader.integer());
  std::array<at::Tensor, 3> read;
  for (auto& tensor : read) {
    tensor = at::empty_like(weights_);
    reader.floats(floats_of(tensor));
  }
  reader.finish();

  baseline_ = baseline;
  adam_.steps = steps;
  weights_.copy_(read[0]);
  adam_.mean = read[1];
  adam_.variance = read[2];
}

}  // namespace

std::unique_ptr<Controller> make_reinforce(const ControllerConfig& config,
                                           const std::vector<Decision>& decisions, uint64_t seed) {
  return std::make_unique<Reinforce>(config, decisions, seed);
}

}  // namespace ridgeline
