#include "accuracy/training/optimizer.h"

#include <ATen/ATen.h>
#include <torch/optim/adam.h>
#include <torch/optim/sgd.h>
#include <torch/serialize/archive.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "accuracy/training/training_checkpoint.h"
#include "core/error.h"

namespace ridgeline {
namespace {

/// EfficientNet's epsilon. At 1e-3 its place matters: within the root it bounds the step, outside
/// it barely does.
constexpr double kRmsPropEpsilon = 1e-3;

struct TfRmsPropOptions : torch::optim::OptimizerCloneableOptions<TfRmsPropOptions> {
  double learning_rate = 0, decay = 0.9, momentum = 0.9, weight_decay = 0;
  double get_lr() const override { return learning_rate; }
  void set_lr(const double lr) override { learning_rate = lr; }
};

class TfRmsProp : public torch::optim::Optimizer {
 public:
  explicit TfRmsProp(const std::vector<torch::optim::OptimizerParamGroup>& groups)
      : Optimizer(groups, std::make_unique<TfRmsPropOptions>()) {
    // Newer LibTorch gives a group the default options where it does not know their type.
    for (size_t i = 0; i < groups.size(); ++i) {
      param_groups_[i].set_options(groups[i].options().clone());
    }
    for (const auto& group : param_groups_) {
      for (const auto& parameter : group.params()) {
        state_of_.push_back({at::ones_like(parameter), at::zeros_like(parameter)});
      }
    }
  }

  torch::Tensor step(LossClosure closure = nullptr) override {
    torch::Tensor loss;
    if (closure) {
      const at::AutoGradMode with_gradients(true);
      loss = closure();
    }
    const at::NoGradGuard no_gradients;
    size_t index = 0;
    for (auto& group : param_groups_) {
      const auto& options = static_cast<const TfRmsPropOptions&>(group.options());
      for (auto& parameter : group.params()) update(parameter, options, state_of_[index++]);
    }
    return loss;
  }

  void save(torch::serialize::OutputArchive& archive) const override {
    for (size_t i = 0; i < state_of_.size(); ++i) {
      archive.write("mean_square" + std::to_string(i), state_of_[i].mean_square);
      archive.write("velocity" + std::to_string(i), state_of_[i].velocity);
    }
  }
  void load(torch::serialize::InputArchive& archive) override {
    const at::NoGradGuard no_gradients;
    for (size_t i = 0; i < state_of_.size(); ++i) {
      state_of_[i].mean_square.copy_(read_tensor(archive, "mean_square" + std::to_string(i)));
      state_of_[i].velocity.copy_(read_tensor(archive, "velocity" + std::to_string(i)));
    }
  }

 private:
  struct State {
    at::Tensor mean_square, velocity;
  };
  static void update(at::Tensor& parameter, const TfRmsPropOptions& options, State& state) {
    if (!parameter.grad().defined()) return;
    at::Tensor gradient = parameter.grad();
    if (options.weight_decay > 0) gradient = gradient.add(parameter, options.weight_decay);
    state.mean_square.mul_(options.decay).addcmul_(gradient, gradient, 1 - options.decay);
    const at::Tensor root = state.mean_square.add(kRmsPropEpsilon).sqrt_();
    state.velocity.mul_(options.momentum).addcdiv_(gradient, root, options.learning_rate);
    parameter.sub_(state.velocity);
  }

  std::vector<State> state_of_;  // in the order of the groups' parameters
};

struct LambOptions : torch::optim::OptimizerCloneableOptions<LambOptions> {
  double learning_rate = 0, weight_decay = 0;
  double get_lr() const override { return learning_rate; }
  void set_lr(const double lr) override { learning_rate = lr; }
};

/// LAMB (You et al., 2020, Algorithm 2): Adam's step, scaled per tensor by the norm of the weights
/// over the norm of the step. As in its usual implementations only decayed tensors are scaled.
class Lamb : public torch::optim::Optimizer {
 public:
  explicit Lamb(const std::vector<torch::optim::OptimizerParamGroup>& groups)
      : Optimizer(groups, std::make_unique<LambOptions>()) {
    for (size_t i = 0; i < groups.size(); ++i)
      param_groups_[i].set_options(groups[i].options().clone());
    for (const auto& group : param_groups_) {
      for (const auto& parameter : group.params())
        state_of_.push_back({at::zeros_like(parameter), at::zeros_like(parameter)});
    }
  }

  torch::Tensor step(LossClosure closure = nullptr) override {
    torch::Tensor loss;
    if (closure) {
      const at::AutoGradMode with_gradients(true);
      loss = closure();
    }
    const at::NoGradGuard no_gradients;
    ++steps_;
    size_t index = 0;
    for (auto& group : param_groups_) {
      const auto& options = static_cast<const LambOptions&>(group.options());
      for (auto& parameter : group.params()) update(parameter, options, state_of_[index++]);
    }
    return loss;
  }

  void save(torch::serialize::OutputArchive& archive) const override {
    archive.write("steps", at::scalar_tensor(steps_, at::kLong));
    for (size_t i = 0; i < state_of_.size(); ++i) {
      archive.write("mean" + std::to_string(i), state_of_[i].mean);
      archive.write("mean_square" + std::to_string(i), state_of_[i].mean_square);
    }
  }
  void load(torch::serialize::InputArchive& archive) override {
    const at::NoGradGuard no_gradients;
    steps_ = read_tensor(archive, "steps").item<int64_t>();
    for (size_t i = 0; i < state_of_.size(); ++i) {
      state_of_[i].mean.copy_(read_tensor(archive, "mean" + std::to_string(i)));
      state_of_[i].mean_square.copy_(read_tensor(archive, "mean_square" + std::to_string(i)));
    }
  }

 private:
  static constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-6;
  struct State {
    at::Tensor mean, mean_square;
  };
  void update(at::Tensor& parameter, const LambOptions& options, State& state) const {
    if (!parameter.grad().defined()) return;
    const at::Tensor& gradient = parameter.grad();
    state.mean.mul_(kBeta1).add_(gradient, 1 - kBeta1);
    state.mean_square.mul_(kBeta2).addcmul_(gradient, gradient, 1 - kBeta2);
    const auto steps = static_cast<double>(steps_);
    const at::Tensor root =
        (state.mean_square / (1 - std::pow(kBeta2, steps))).sqrt_().add_(kEpsilon);
    at::Tensor change = state.mean / (1 - std::pow(kBeta1, steps)) / root;
    if (options.weight_decay > 0) {
      change.add_(parameter, options.weight_decay);
      const at::Tensor weight_norm = parameter.norm(), change_norm = change.norm();
      const at::Tensor known = weight_norm.gt(0).logical_and(change_norm.gt(0));
      change.mul_(at::where(known, weight_norm / change_norm, at::ones_like(weight_norm)));
    }
    parameter.sub_(change, options.learning_rate);
  }

  std::vector<State> state_of_;  // in the order of the groups' parameters
  int64_t steps_ = 0;
};

template <class Options>
std::vector<torch::optim::OptimizerParamGroup> groups_of(const torch::nn::Module& module,
                                                         const Options& decayed,
                                                         const Options& plain) {
  std::vector<torch::Tensor> weights, others;
  for (const auto& parameter : module.parameters()) {
    if (!parameter.requires_grad()) continue;  // frozen
    // Only convolutions and linear layers have parameters of more than one axis.
    (parameter.dim() > 1 ? weights : others).push_back(parameter);
  }
  return {{std::move(weights), std::make_unique<Options>(decayed)},
          {std::move(others), std::make_unique<Options>(plain)}};
}

}  // namespace

std::unique_ptr<torch::optim::Optimizer> make_optimizer(const TrainingConfig& config,
                                                        const torch::nn::Module& module) {
  switch (config.optimizer) {
    case OptimizerKind::kSgd: {
      torch::optim::SGDOptions plain(config.learning_rate);
      plain.momentum(config.momentum).nesterov(config.momentum > 0);
      auto decayed = plain;
      decayed.weight_decay(config.weight_decay);
      return std::make_unique<torch::optim::SGD>(groups_of(module, decayed, plain), plain);
    }
    case OptimizerKind::kRmsProp: {
      TfRmsPropOptions plain;
      plain.learning_rate = config.learning_rate;
      plain.decay = config.rmsprop_decay;
      plain.momentum = config.momentum;
      auto decayed = plain;
      decayed.weight_decay = config.weight_decay;
      return std::make_unique<TfRmsProp>(groups_of(module, decayed, plain));
    }
    case OptimizerKind::kAdam: {
      const torch::optim::AdamOptions plain(config.learning_rate);
      auto decayed = plain;
      decayed.weight_decay(config.weight_decay);
      return std::make_unique<torch::optim::Adam>(groups_of(module, decayed, plain), plain);
    }
    case OptimizerKind::kLamb: {
      LambOptions plain;
      plain.learning_rate = config.learning_rate;
      auto decayed = plain;
      decayed.weight_decay = config.weight_decay;
      return std::make_unique<Lamb>(groups_of(module, decayed, plain));
    }
  }
  throw Error(ErrorKind::kInternal, "optimizer kind without an implementation");
}

void clip_gradient(const std::vector<torch::Tensor>& parameters, double largest) {
  const at::NoGradGuard no_gradients;
  std::vector<at::Tensor> gradients, norms;
  for (const auto& parameter : parameters) {
    if (!parameter.grad().defined()) continue;
    gradients.push_back(parameter.grad());
    norms.push_back(parameter.grad().norm(2.0));
  }
  if (gradients.empty()) return;
  const at::Tensor norm = norms.size() == 1 ? norms[0] : at::stack(norms).norm(2.0);
  const at::Tensor factor = (largest / (norm + 1e-6)).clamp_max(1.0);
  for (auto& gradient : gradients) gradient.mul_(factor);
}

void set_learning_rate(torch::optim::Optimizer& optimizer, double learning_rate) {
  for (auto& group : optimizer.param_groups()) group.options().set_lr(learning_rate);
}

}  // namespace ridgeline
