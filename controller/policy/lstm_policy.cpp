#include "controller/policy/lstm_policy.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <mutex>

#include "controller/policy/lstm_sequence.h"
#include "controller/policy/pick.h"
#include "core/random.h"

namespace ridgeline {
namespace {

constexpr int64_t kStart = 0;
/// Samples that step together.
constexpr size_t kSampled = 1024;

/// LibTorch's modules draw their first weights from the process-wide generator. This puts it back.
class KeepGenerator {
 public:
  KeepGenerator() {
    const std::lock_guard<std::mutex> lock(generator_.mutex());
    state_ = generator_.get_state();
  }
  ~KeepGenerator() {
    const std::lock_guard<std::mutex> lock(generator_.mutex());
    generator_.set_state(state_);
  }
  KeepGenerator(const KeepGenerator&) = delete;
  KeepGenerator& operator=(const KeepGenerator&) = delete;

 private:
  at::Generator generator_ = at::detail::getDefaultCPUGenerator();
  at::Tensor state_;
};

}  // namespace

LstmPolicy::LstmPolicy(const PolicyConfig& config, const std::vector<Decision>& decisions,
                       uint64_t seed)
    : Policy(config, decisions), group_of_(decisions.size()) {
  int64_t tokens = kStart + 1;
  for (const auto& decision : decisions) {
    first_token_.push_back(tokens);
    tokens += decision.choices() + (decision.active_when.empty() ? 0 : 1);
  }
  const KeepGenerator keep;
  embedding = register_module("embedding", torch::nn::Embedding(tokens, config.lstm.embedding));
  lstm = register_module(
      "lstm", torch::nn::LSTM(torch::nn::LSTMOptions(config.lstm.embedding, config.lstm.hidden)
                                  .num_layers(config.lstm.layers)));
  for (size_t g = 0; g < groups().size(); ++g) {
    const auto choices = groups()[g].choices;
    heads.push_back(register_module("head" + std::to_string(choices),
                                    torch::nn::Linear(config.lstm.hidden, choices)));
    for (const int64_t d : groups()[g].decisions) group_of_[static_cast<size_t>(d)] = g;
  }
  const auto parameters = lstm->named_parameters();
  for (int l = 0; l < config.lstm.layers; ++l) {
    const auto of_layer = [&](const std::string& name) {
      return parameters[name + "_l" + std::to_string(l)];
    };
    layers_.push_back(
        {of_layer("weight_ih"), of_layer("weight_hh"), of_layer("bias_ih"), of_layer("bias_hh")});
  }
  draw_parameters(config.lstm.init_range, seed);
}

void LstmPolicy::draw_parameters(double range, uint64_t seed) {
  RandomStream stream(seed, 0, "controller weights");
  for (const auto& parameter : parameters()) {
    float* value = parameter.data_ptr<float>();
    for (int64_t i = 0; i < parameter.numel(); ++i)
      *value++ = static_cast<float>(stream.uniform(-range, range));
  }
}

std::string LstmPolicy::sizes() const {
  return "hidden " + std::to_string(lstm->options.hidden_size()) + ", layers " +
         std::to_string(lstm->options.num_layers()) + ", embedding " +
         std::to_string(lstm->options.input_size());
}

int64_t LstmPolicy::token(size_t decision, int choice) const {
  return first_token_[decision] + (choice == kInactive ? decisions()[decision].choices() : choice);
}

at::Tensor LstmPolicy::tokens(std::span<const Genotype> genotypes) const {
  const size_t steps = decisions().size();
  const at::Tensor tokens =
      at::empty({static_cast<int64_t>(steps), static_cast<int64_t>(genotypes.size())}, at::kLong);
  auto* next = tokens.data_ptr<int64_t>();
  for (size_t d = 0; d < steps; ++d) {
    for (const auto& genotype : genotypes)
      *next++ = d == 0 ? kStart : token(d - 1, genotype[d - 1]);
  }
  return tokens;
}

at::Tensor LstmPolicy::Layer::input_gates(const at::Tensor& inputs) const {
  return at::linear(inputs, weight_ih, bias_ih + bias_hh);
}

// The first layer's product is made once per token, not once per step.
at::Tensor LstmPolicy::outputs(const at::Tensor& tokens) const {
  at::Tensor output;
  for (const auto& layer : layers_) {
    const at::Tensor gates = output.defined() ? layer.input_gates(output)
                                              : layer.input_gates(embedding->weight)
                                                    .index_select(0, tokens.flatten())
                                                    .view({tokens.size(0), tokens.size(1), -1});
    output = lstm_sequence(gates, layer.weight_hh);
  }
  return output;
}

std::vector<at::Tensor> LstmPolicy::log_probabilities(std::span<const Genotype> genotypes) const {
  const at::Tensor states = outputs(tokens(genotypes));
  std::vector<at::Tensor> log_p;
  for (size_t g = 0; g < heads.size(); ++g) {
    const auto& head = heads[g];
    log_p.push_back(log_softmax(
        at::linear(states.index_select(0, groups()[g].rows), head->weight, head->bias)));
  }
  return log_p;
}

/// States that step through the decisions together, without gradients.
class LstmPolicy::Walk {
 public:
  explicit Walk(const LstmPolicy& policy)
      : policy_(policy),
        by_token_(policy.layers_[0].input_gates(policy.embedding->weight)),
        layers_(policy.layers_.size()) {
    for (size_t l = 0; l < layers_.size(); ++l)
      layers_[l].recurrent = policy.layers_[l].weight_hh.t().contiguous();
  }

  /// Steps to decision `d`: state i follows state before[i] of the last step (unread at the first)
  /// and is fed tokens[i]. Log-probabilities [states, choices].
  at::Tensor advance(size_t d, std::vector<int64_t>& before, std::vector<int64_t>& tokens) {
    const auto states = static_cast<int64_t>(tokens.size());
    const at::Tensor from = at::from_blob(before.data(), {states}, at::kLong);
    const at::Tensor fed = at::from_blob(tokens.data(), {states}, at::kLong);
    at::Tensor gates = by_token_.index_select(0, fed);
    for (size_t l = 0; l < layers_.size(); ++l) {
      Layer& layer = layers_[l];
      if (l > 0) gates = policy_.layers_[l].input_gates(layers_[l - 1].output);
      at::Tensor cell;
      if (d > 0) {
        gates.addmm_(layer.output.index_select(0, from), layer.recurrent);
        cell = layer.cell.index_select(0, from);
      }
      const at::Tensor next =
          at::empty({3, states, policy_.lstm->options.hidden_size()}, gates.options());
      lstm_step(gates, cell, next[0], next[1], next[2]);
      layer.cell = next[0];
      layer.output = next[2];
    }
    const auto& head = policy_.heads[policy_.group_of_[d]];
    return policy_.log_softmax(at::linear(layers_.back().output, head->weight, head->bias));
  }

 private:
  struct Layer {
    at::Tensor recurrent;     // weight_hh, transposed
    at::Tensor cell, output;  // [states, hidden]
  };
  const LstmPolicy& policy_;
  at::Tensor by_token_;  // [tokens, 4 hidden]
  std::vector<Layer> layers_;
};

// Samples that have made the same choices so far share a state: a policy that has converged
// makes the same choices in most of them.
PolicySamples LstmPolicy::sample(std::span<const double> uniforms,
                                 std::span<const Genotype> kept) const {
  const c10::InferenceMode no_gradients;
  const size_t steps = decisions().size();
  const size_t count = uniforms.size() / steps;
  PolicySamples samples{std::vector<Genotype>(count, Genotype(steps, kInactive)),
                        std::vector<double>(count, 0.0)};
  for (size_t first = 0; first < count; first += kSampled) {
    Walk walk(*this);
    std::vector<size_t> state_of(std::min(kSampled, count - first), 0);
    std::vector<int64_t> before = {0}, tokens = {kStart};
    for (size_t d = 0; d < steps; ++d) {
      const at::Tensor log_p = walk.advance(d, before, tokens).contiguous();
      const auto choices = static_cast<size_t>(log_p.size(1));
      constexpr int64_t kNone = -1;
      std::vector<int64_t> successors(tokens.size() * (1 + choices), kNone);  // inactive first
      before.clear();
      tokens.clear();
      for (size_t b = 0; b < state_of.size(); ++b) {
        Genotype& genotype = samples.genotypes[first + b];
        if (is_active(decisions()[d], genotype)) {
          const std::span row(log_p.data_ptr<float>() + state_of[b] * choices, choices);
          const int keep = kept.empty() ? kFree : kept[first + b][d];
          genotype[d] = keep >= 0 ? keep : pick(row, uniforms[(first + b) * steps + d]);
          samples.log_prob[first + b] += row[static_cast<size_t>(genotype[d])];
        }
        int64_t& next =
            successors[state_of[b] * (1 + choices) + static_cast<size_t>(1 + genotype[d])];
        if (next == kNone) {
          next = static_cast<int64_t>(tokens.size());
          before.push_back(static_cast<int64_t>(state_of[b]));
          tokens.push_back(token(d, genotype[d]));
        }
        state_of[b] = static_cast<size_t>(next);
      }
    }
  }
  return samples;
}

}  // namespace ridgeline
