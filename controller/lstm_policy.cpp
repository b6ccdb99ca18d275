#include "controller/lstm_policy.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "controller/policy.h"

namespace ridgeline {
namespace {

/// Samples that are scored together: a backward pass holds about half a megabyte for each.
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

void append(std::vector<double>& values, const at::Tensor& tensor) {
  const at::Tensor plain = tensor.detach().contiguous();
  values.insert(values.end(), plain.data_ptr<double>(), plain.data_ptr<double>() + plain.numel());
}

class LstmPolicy final : public PolicyModel {
 public:
  LstmPolicy(const ControllerConfig& config, const std::vector<Decision>& decisions, uint64_t seed)
      : sizes_("hidden " + std::to_string(config.hidden) + ", layers " +
               std::to_string(config.layers) + ", embedding " + std::to_string(config.embedding)),
        policy_(config, decisions, seed),
        parameters_(policy_->parameters()),
        weights_(flatten(parameters_)) {}

  std::span<float> weights() override {
    return {weights_.data_ptr<float>(), static_cast<size_t>(weights_.numel())};
  }

  PolicySamples sample(std::span<const double> uniforms,
                       std::span<const Genotype> kept) const override {
    const OneThread one_thread;
    return policy_->sample(uniforms, kept);
  }

  PolicyScores score(std::span<const Genotype> genotypes) const override {
    const OneThread one_thread;
    const at::NoGradGuard no_grad;
    PolicyScores scores;
    for (size_t first = 0; first < genotypes.size(); first += kChunk) {
      const PolicyScore part = policy_->score(chunk(genotypes, first));
      append(scores.log_prob, part.log_prob);
      append(scores.entropy, part.entropy);
    }
    return scores;
  }

  // A batch of one chunk is scored once; a larger one first as a whole, since the slopes may depend
  // on all its scores, then chunk by chunk with gradients, which are added in their order.
  PolicyScores gradient(std::span<const Genotype> genotypes,
                        const std::function<LossSlopes(const PolicyScores&)>& slopes_of,
                        std::span<float> gradient) const override {
    const OneThread one_thread;
    const at::AutoGradMode with_gradients(true);
    std::fill(gradient.begin(), gradient.end(), 0.0f);
    if (genotypes.size() <= kChunk) {
      const PolicyScore score = policy_->score(genotypes);
      PolicyScores scores;
      append(scores.log_prob, score.log_prob);
      append(scores.entropy, score.entropy);
      add_gradient(score, slopes_of(scores), 0, gradient);
      return scores;
    }
    PolicyScores scores = this->score(genotypes);
    const LossSlopes slopes = slopes_of(scores);
    for (size_t first = 0; first < genotypes.size(); first += kChunk)
      add_gradient(policy_->score(chunk(genotypes, first)), slopes, first, gradient);
    return scores;
  }

  std::vector<std::vector<double>> marginals(std::span<const Genotype> genotypes) const override {
    const OneThread one_thread;
    return policy_->marginals(genotypes);
  }

  std::string sizes() const override { return sizes_; }

 private:
  static std::span<const Genotype> chunk(std::span<const Genotype> genotypes, size_t first) {
    return genotypes.subspan(first, std::min(kChunk, genotypes.size() - first));
  }

  /// Adds the gradient by the weights of the samples in `score`, the first of which is number
  /// `first` in `slopes`.
  void add_gradient(const PolicyScore& score, const LossSlopes& slopes, size_t first,
                    std::span<float> gradient) const {
    const auto part = [&](const std::vector<double>& all) {
      return at::tensor(
          at::ArrayRef<double>(all.data() + first, static_cast<size_t>(score.log_prob.numel())),
          at::kDouble);
    };
    const at::Tensor loss = (score.log_prob * part(slopes.log_prob)).sum() +
                            (score.entropy * part(slopes.entropy)).sum();
    float* to = gradient.data();
    for (const auto& tensor : torch::autograd::grad({loss}, parameters_)) {
      const at::Tensor values = tensor.contiguous();
      const float* from = values.data_ptr<float>();
      for (int64_t i = 0; i < values.numel(); ++i) *to++ += from[i];
    }
  }

  std::string sizes_;
  Policy policy_;
  std::vector<at::Tensor> parameters_;  // views into weights_
  at::Tensor weights_;                  // [parameters]
};

}  // namespace

std::unique_ptr<PolicyModel> make_lstm_policy(const ControllerConfig& config,
                                              const std::vector<Decision>& decisions,
                                              uint64_t seed) {
  return std::make_unique<LstmPolicy>(config, decisions, seed);
}

}  // namespace ridgeline
