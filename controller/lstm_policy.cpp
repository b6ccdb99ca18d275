#include "controller/lstm_policy.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <mutex>

#include "controller/lstm_sequence.h"
#include "controller/pick.h"
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

LstmPolicy::LstmPolicy(const ControllerConfig& config, const std::vector<Decision>& decisions,
                       uint64_t seed)
    : Policy(config, decisions), group_of_(decisions.size()) {
  int64_t tokens = kStart + 1;
  for (const auto& decision : decisions) {
    first_token_.push_back(tokens);
    tokens += decision.choices() + 1;
  }
  const KeepGenerator keep;
  embedding = register_module("embedding", torch::nn::Embedding(tokens, config.embedding));
  lstm = register_module(
      "lstm",
      torch::nn::LSTM(
          torch::nn::LSTMOptions(config.embedding, config.hidden).num_layers(config.layers)));
  for (size_t g = 0; g < groups().size(); ++g) {
    const auto choices = groups()[g].choices;
    heads.push_back(register_module("head" + std::to_string(choices),
                                    torch::nn::Linear(config.hidden, choices)));
    for (const int64_t d : groups()[g].decisions) group_of_[static_cast<size_t>(d)] = g;
  }
  const auto parameters = lstm->named_parameters();
  for (int l = 0; l < config.layers; ++l) {
    const auto of_layer = [&](const std::string& name) {
      return parameters[name + "_l" + std::to_string(l)];
    };
    layers_.push_back(
        {of_layer("weight_ih"), of_layer("weight_hh"), of_layer("bias_ih"), of_layer("bias_hh")});
  }
  draw_parameters(config.init_range, seed);
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

/// Some samples that step through the decisions together.
class LstmPolicy::Walk {
 public:
  Walk(const LstmPolicy& policy, int64_t batch)
      : policy_(policy),
        tokens_(at::full({batch}, kStart, at::kLong)),
        by_token_(policy.layers_[0].input_gates(policy.embedding->weight)) {
    const int64_t hidden = policy.lstm->options.hidden_size();
    for (size_t l = 0; l < policy.layers_.size(); ++l) {
      const at::Tensor states = at::zeros({3, batch, hidden});
      recurrent_.push_back(policy.layers_[l].weight_hh.t().contiguous());
      steps_.emplace_back(at::empty({batch, 4 * hidden}), states[0], states[1], states[2]);
    }
  }

  int64_t* tokens() { return tokens_.data_ptr<int64_t>(); }

  /// Feeds the tokens; log-probabilities [batch, choices] at decision d.
  at::Tensor advance(size_t d) {
    for (size_t l = 0; l < steps_.size(); ++l) {
      LstmStep& step = steps_[l];
      const Layer& layer = policy_.layers_[l];
      if (l == 0) {
        at::index_select_out(step.gates, by_token_, 0, tokens_);
      } else {
        step.gates.copy_(layer.input_gates(steps_[l - 1].output));
      }
      if (d > 0) step.gates.addmm_(step.output, recurrent_[l]);
      step.run(step.cell);
    }
    const auto& head = policy_.heads[policy_.group_of_[d]];
    return policy_.log_softmax(at::linear(steps_.back().output, head->weight, head->bias));
  }

 private:
  const LstmPolicy& policy_;
  at::Tensor tokens_;    // [batch]
  at::Tensor by_token_;  // [tokens, 4 hidden]
  std::vector<at::Tensor> recurrent_;  // per layer, weight_hh transposed
  std::vector<LstmStep> steps_;
};

PolicySamples LstmPolicy::sample(std::span<const double> uniforms,
                                 std::span<const Genotype> kept) const {
  const c10::InferenceMode no_gradients;
  const size_t steps = decisions().size();
  const size_t count = uniforms.size() / steps;
  PolicySamples samples{std::vector<Genotype>(count, Genotype(steps, kInactive)),
                        std::vector<double>(count, 0.0)};
  for (size_t first = 0; first < count; first += kSampled) {
    const size_t rows = std::min(kSampled, count - first);
    Walk walk(*this, static_cast<int64_t>(rows));
    for (size_t d = 0; d < steps; ++d) {
      const at::Tensor log_p = walk.advance(d).contiguous();
      const auto choices = static_cast<size_t>(log_p.size(1));
      for (size_t b = 0; b < rows; ++b) {
        Genotype& genotype = samples.genotypes[first + b];
        if (is_active(decisions()[d], genotype)) {
          const std::span<const float> row(log_p.data_ptr<float>() + b * choices, choices);
          const int keep = kept.empty() ? kFree : kept[first + b][d];
          genotype[d] = keep >= 0 ? keep : pick(row, uniforms[(first + b) * steps + d]);
          samples.log_prob[first + b] += row[static_cast<size_t>(genotype[d])];
        }
        walk.tokens()[b] = token(d, genotype[d]);
      }
    }
  }
  return samples;
}

}  // namespace ridgeline
