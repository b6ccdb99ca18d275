#include "controller/lstm_policy.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include "controller/policy.h"

namespace ridgeline {
namespace {

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

std::vector<double> values_of(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.detach().contiguous();
  return {plain.data_ptr<double>(), plain.data_ptr<double>() + plain.numel()};
}

at::Tensor doubles(const std::vector<double>& values) {
  return at::tensor(at::ArrayRef<double>(values), at::kDouble);
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
    const PolicyScore score = policy_->score(genotypes);
    return {values_of(score.log_prob), values_of(score.entropy)};
  }

  PolicyScores gradient(std::span<const Genotype> genotypes,
                        const std::function<LossSlopes(const PolicyScores&)>& slopes_of,
                        std::span<float> gradient) const override {
    const OneThread one_thread;
    const at::AutoGradMode with_gradients(true);
    const PolicyScore score = policy_->score(genotypes);
    PolicyScores scores{values_of(score.log_prob), values_of(score.entropy)};
    const LossSlopes slopes = slopes_of(scores);
    const at::Tensor loss = (score.log_prob * doubles(slopes.log_prob)).sum() +
                            (score.entropy * doubles(slopes.entropy)).sum();
    float* to = gradient.data();
    for (const auto& part : torch::autograd::grad({loss}, parameters_)) {
      const at::Tensor values = part.contiguous();
      to = std::copy_n(values.data_ptr<float>(), values.numel(), to);
    }
    return scores;
  }

  std::vector<std::vector<double>> marginals(std::span<const Genotype> genotypes) const override {
    const OneThread one_thread;
    return policy_->marginals(genotypes);
  }

  std::string sizes() const override { return sizes_; }

 private:
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
