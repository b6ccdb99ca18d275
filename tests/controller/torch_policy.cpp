#include "tests/controller/torch_policy.h"

#include <ATen/ATen.h>

#include <map>
#include <string>

#include "core/random.h"

namespace ridgeline::test {
namespace {

constexpr int64_t kStartToken = 0;

}  // namespace

// Parameters are registered as plain tensors: torch's own LSTM and Linear modules would draw their
// first weights from the process-wide generator.
PolicyImpl::PolicyImpl(const ControllerConfig& config, const std::vector<Decision>& decisions,
                       uint64_t seed)
    : decisions_(decisions),
      temperature_(config.temperature),
      tanh_constant_(config.tanh_constant),
      hidden_(config.hidden) {
  int64_t tokens = kStartToken + 1;
  for (const auto& decision : decisions_) {
    first_token_.push_back(tokens);
    tokens += decision.choices() + 1;
  }
  embedding_ = register_parameter("embedding", at::zeros({tokens, config.embedding}, at::kFloat));
  register_lstm(config);
  register_heads(config);
  draw_weights(config.init_range, seed);
}

void PolicyImpl::register_lstm(const ControllerConfig& config) {
  const int64_t gates = 4 * hidden_;
  for (int i = 0; i < config.layers; ++i) {
    const std::string name = "lstm" + std::to_string(i);
    const int64_t inputs = i == 0 ? config.embedding : hidden_;
    const auto zeros = [](at::IntArrayRef shape) { return at::zeros(shape, at::kFloat); };
    layers_.push_back({register_parameter(name + "_weight_ih", zeros({gates, inputs})),
                       register_parameter(name + "_weight_hh", zeros({gates, hidden_})),
                       register_parameter(name + "_bias_ih", zeros({gates})),
                       register_parameter(name + "_bias_hh", zeros({gates}))});
  }
}

void PolicyImpl::register_heads(const ControllerConfig& config) {
  std::map<int, std::vector<int64_t>> by_size;
  for (size_t d = 0; d < decisions_.size(); ++d) {
    by_size[decisions_[d].choices()].push_back(static_cast<int64_t>(d));
  }
  for (const auto& [choices, members] : by_size) {
    const std::string name = "head" + std::to_string(choices);
    heads_.push_back(
        {.choices = choices,
         .decisions = members,
         .rows = at::tensor(members, at::kLong),
         .weight =
             register_parameter(name + "_weight", at::zeros({choices, config.hidden}, at::kFloat)),
         .bias = register_parameter(name + "_bias", at::zeros({choices}, at::kFloat))});
  }
}

void PolicyImpl::draw_weights(double range, uint64_t seed) {
  const at::NoGradGuard no_grad;
  RandomStream stream(seed, 0, "controller weights");
  for (auto& parameter : parameters()) {
    float* values = parameter.data_ptr<float>();
    for (int64_t i = 0; i < parameter.numel(); ++i) {
      values[i] = static_cast<float>(stream.uniform(-range, range));
    }
  }
}

int64_t PolicyImpl::token(size_t decision, int choice) const {
  return first_token_[decision] + (choice == kInactive ? decisions_[decision].choices() : choice);
}

PolicyImpl::Batch PolicyImpl::encode(std::span<const Genotype> genotypes) const {
  const size_t steps = decisions_.size();
  const size_t batch = genotypes.size();
  const std::vector<int64_t> shape = {static_cast<int64_t>(steps), static_cast<int64_t>(batch)};
  Batch encoded{at::empty(shape, at::kLong), at::empty(shape, at::kLong),
                at::empty(shape, at::kDouble)};
  auto* tokens = encoded.tokens.data_ptr<int64_t>();
  auto* choices = encoded.choices.data_ptr<int64_t>();
  auto* active = encoded.active.data_ptr<double>();
  for (size_t d = 0; d < steps; ++d) {
    for (size_t b = 0; b < batch; ++b) {
      const int choice = genotypes[b][d];
      const size_t at = d * batch + b;
      tokens[at] = d == 0 ? kStartToken : token(d - 1, genotypes[b][d - 1]);
      choices[at] = choice == kInactive ? 0 : choice;
      active[at] = choice == kInactive ? 0.0 : 1.0;
    }
  }
  encoded.active = encoded.active.to(embedding_.scalar_type());
  return encoded;
}

at::Tensor PolicyImpl::states(const Batch& batch) const {
  const at::Tensor inputs =
      at::embedding(embedding_, batch.tokens);  // [decisions, batch, embedding]
  const auto layers = static_cast<int64_t>(layers_.size());
  const at::Tensor zeros =
      at::zeros({layers, batch.tokens.size(1), hidden_}, embedding_.options().requires_grad(false));
  std::vector<at::Tensor> weights;
  for (const auto& layer : layers_) {
    weights.insert(weights.end(), {layer.weight_ih, layer.weight_hh, layer.bias_ih, layer.bias_hh});
  }
  const bool train = at::GradMode::is_enabled();
  return std::get<0>(at::lstm(inputs, {zeros, zeros}, weights, /*has_biases=*/true, layers,
                              /*dropout=*/0.0, train, /*bidirectional=*/false,
                              /*batch_first=*/false));
}

at::Tensor PolicyImpl::log_probabilities(const Head& head, const at::Tensor& states) const {
  at::Tensor logits = at::linear(states, head.weight, head.bias);
  if (temperature_ != 1.0) logits = logits / temperature_;
  if (tanh_constant_ > 0.0) logits = at::tanh(logits) * tanh_constant_;
  return at::log_softmax(logits, -1);
}

PolicyScore PolicyImpl::score(std::span<const Genotype> genotypes) const {
  const Batch batch = encode(genotypes);
  const at::Tensor hidden = states(batch);
  // Sums are taken in double: forty float terms would cost the fifth digit of a log-probability.
  PolicyScore score{at::zeros({batch.tokens.size(1)}, at::kDouble),
                    at::zeros({batch.tokens.size(1)}, at::kDouble)};
  for (const auto& head : heads_) {
    const at::Tensor log_p =
        log_probabilities(head, hidden.index_select(0, head.rows));  // [members, batch, choices]
    const at::Tensor choices = batch.choices.index_select(0, head.rows).unsqueeze(2);
    const at::Tensor active = batch.active.index_select(0, head.rows);  // [members, batch]
    const at::Tensor chosen = log_p.gather(2, choices).squeeze(2) * active;
    const at::Tensor entropy = (log_p.exp() * log_p).sum(2) * active;
    score.log_prob = score.log_prob + chosen.sum(0, /*keepdim=*/false, at::kDouble);
    score.entropy = score.entropy - entropy.sum(0, /*keepdim=*/false, at::kDouble);
  }
  return score;
}

std::vector<std::vector<double>> PolicyImpl::marginals(std::span<const Genotype> genotypes) const {
  const at::NoGradGuard no_grad;
  const Batch batch = encode(genotypes);
  const at::Tensor hidden = states(batch);
  std::vector<std::vector<double>> rows(decisions_.size());
  for (const auto& head : heads_) {
    const at::Tensor log_p = log_probabilities(head, hidden.index_select(0, head.rows));
    const at::Tensor active = batch.active.index_select(0, head.rows).unsqueeze(2);
    const at::Tensor mean =
        (log_p.exp() * active).to(at::kDouble).mean(1).contiguous();  // [members, choices]
    const double* values = mean.data_ptr<double>();
    for (const int64_t d : head.decisions) {
      rows[static_cast<size_t>(d)].assign(values, values + head.choices);
      values += head.choices;
    }
  }
  return rows;
}

at::Tensor reinforce_loss(const PolicyScore& score, const at::Tensor& advantage,
                          double entropy_weight) {
  return -(score.log_prob * advantage).mean() - entropy_weight * score.entropy.mean();
}

}  // namespace ridgeline::test
