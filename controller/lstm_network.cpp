#include "controller/lstm_network.h"

#include <algorithm>
#include <map>

#include "core/random.h"

namespace ridgeline {

namespace {

/// Rows of `from`, one for each of `numbers`, one after the other in `to`.
Rows<const float> gathered(const Rows<float>& from, std::span<const size_t> numbers,
                           std::vector<float>& to) {
  to.resize(numbers.size() * from.stride);
  for (size_t i = 0; i < numbers.size(); ++i)
    std::copy_n(from.row(numbers[i]), from.stride, to.data() + i * from.stride);
  return {to.data(), numbers.size(), from.stride};
}

}  // namespace

LstmNetwork::LstmNetwork(const ControllerConfig& config, const std::vector<Decision>& decisions,
                         uint64_t seed)
    : decisions_(decisions),
      hidden_(static_cast<size_t>(config.hidden)),
      embedding_(static_cast<size_t>(config.embedding)),
      zeros_(padded(hidden_), 0.0f) {
  size_t tokens = kStart + 1;
  fed_.push_back(kStart);
  for (const auto& decision : decisions_) {
    const auto choices = static_cast<size_t>(decision.choices());
    first_token_.push_back(tokens);
    const bool last = first_token_.size() == decisions_.size();
    const size_t feeding = last ? 0 : choices + (decision.active_when.empty() ? 0 : 1);
    for (size_t i = 0; i < feeding; ++i) fed_.push_back(tokens + i);
    tokens += choices + 1;
  }
  fed_row_.resize(tokens, fed_.size());
  for (size_t i = 0; i < fed_.size(); ++i) fed_row_[fed_[i]] = i;
  lay_out(config);
  RandomStream stream(seed, 0, "controller weights");
  for (float& weight : weights_)
    weight = static_cast<float>(stream.uniform(-config.init_range, config.init_range));
}

void LstmNetwork::lay_out(const ControllerConfig& config) {
  size_t place = fed_row_.size() * embedding_;
  const auto take = [&place](size_t count) {
    place += count;
    return place - count;
  };
  for (int i = 0; i < config.layers; ++i) {
    Layer layer;
    layer.inputs = i == 0 ? embedding_ : hidden_;
    layer.weight_ih = take(4 * hidden_ * layer.inputs);
    layer.weight_hh = take(4 * hidden_ * hidden_);
    layer.bias_ih = take(4 * hidden_);
    layer.bias_hh = take(4 * hidden_);
    layers_.push_back(std::move(layer));
  }
  std::map<int, std::vector<size_t>> by_choices;
  for (size_t d = 0; d < decisions_.size(); ++d) by_choices[decisions_[d].choices()].push_back(d);
  head_of_.resize(decisions_.size());
  for (const auto& [choices, members] : by_choices) {
    for (const size_t d : members) head_of_[d] = heads_.size();
    Head head;
    head.choices = static_cast<size_t>(choices);
    head.weight = take(head.choices * hidden_);
    head.bias = take(head.choices);
    logit_stride_ = padded(head.choices);  // the last is the largest
    heads_.push_back(std::move(head));
  }
  weights_.resize(place);
}

std::span<float> LstmNetwork::weights() {
  prepared_ = false;
  return weights_;
}

size_t LstmNetwork::token(size_t decision, int choice) const {
  return first_token_[decision] +
         static_cast<size_t>(choice == kInactive ? decisions_[decision].choices() : choice);
}

void LstmNetwork::prepare() {
  if (prepared_) return;
  prepared_ = true;
  const float* weights = weights_.data();
  const size_t gates = 4 * hidden_;
  for (auto& layer : layers_) {
    layer.ih.pack(weights + layer.weight_ih, layer.inputs, gates, 1, layer.inputs);
    layer.hh.pack(weights + layer.weight_hh, hidden_, gates, 1, hidden_);
    layer.ih_back.pack(weights + layer.weight_ih, gates, layer.inputs, layer.inputs, 1);
    layer.hh_back.pack(weights + layer.weight_hh, gates, hidden_, hidden_, 1);
    layer.bias.assign(padded(gates), 0.0f);
    for (size_t j = 0; j < gates; ++j)
      layer.bias[j] = weights[layer.bias_ih + j] + weights[layer.bias_hh + j];
  }
  for (auto& head : heads_) {
    head.forward.pack(weights + head.weight, hidden_, head.choices, 1, hidden_);
    head.back.pack(weights + head.weight, head.choices, hidden_, hidden_, 1);
  }
  embeddings_.assign(fed_.size() * padded(embedding_), 0.0f);
  input_gates_.resize(fed_.size() * padded(gates));
  for (size_t i = 0; i < fed_.size(); ++i) {
    std::copy_n(weights + fed_[i] * embedding_, embedding_,
                embeddings_.data() + i * padded(embedding_));
    std::copy(layers_[0].bias.begin(), layers_[0].bias.end(),
              input_gates_.data() + i * padded(gates));
  }
  multiply_add({embeddings_.data(), fed_.size(), padded(embedding_)}, layers_[0].ih,
               {input_gates_.data(), fed_.size(), padded(gates)});
}

size_t LstmNetwork::advance(size_t d, std::span<const size_t> before,
                            std::span<const size_t> tokens, LstmStates& states, float* logits) {
  prepare();
  const size_t rows = tokens.size();
  const size_t first = states.add(rows);
  for (size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    const Rows<float> gates = states.gates(l, first, rows);
    for (size_t b = 0; b < rows; ++b) {
      const float* start =
          l == 0 ? input_gates_.data() + fed_row_[tokens[b]] * gates.stride : layer.bias.data();
      std::copy_n(start, gates.stride, gates.row(b));
    }
    if (l > 0) multiply_add(states.output(l - 1, first, rows), layer.ih, gates);
    if (d > 0)
      multiply_add(gathered(states.output(l, 0, first), before, output_before_), layer.hh, gates);
    for (size_t b = 0; b < rows; ++b) {
      LstmCell cell = states.at(l, first + b);
      cell.cell_before = d > 0 ? states.at(l, before[b]).cell : zeros_.data();
      lstm_forward(cell);
    }
  }
  const Head& head = heads_[head_of_[d]];
  for (size_t b = 0; b < rows; ++b) {
    float* row = logits + b * logit_stride_;
    std::copy_n(weights_.data() + head.bias, head.choices, row);
    std::fill(row + head.choices, row + logit_stride_, 0.0f);
  }
  multiply_add(states.output(layers_.size() - 1, first, rows), head.forward,
               {logits, rows, logit_stride_});
  return first;
}

}  // namespace ridgeline
