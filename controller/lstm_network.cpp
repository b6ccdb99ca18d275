#include "controller/lstm_network.h"

#include <algorithm>
#include <map>

#include "core/random.h"

namespace ridgeline {

void LstmPass::begin(size_t rows, size_t slots, size_t layers, size_t hidden) {
  rows_ = rows;
  slots_ = slots;
  layers_ = layers;
  hidden_ = hidden;
  const size_t all = layers * slots * rows;
  // What lies behind the units of a row stays 0: rows start at multiples of one length.
  gates_.resize(std::max(gates_.size(), all * padded(4 * hidden)));
  units_.resize(std::max(units_.size(), 3 * all * padded(hidden)));
  zeros_.resize(std::max(zeros_.size(), rows * padded(hidden)));
}

Rows<float> LstmPass::gates(size_t layer, size_t step) {
  const size_t stride = padded(4 * hidden_);
  return {gates_.data() + (layer * slots_ + step % slots_) * rows_ * stride, rows_, stride};
}

Rows<float> LstmPass::units(size_t kind, size_t layer, size_t step) {
  const size_t stride = padded(hidden_);
  const size_t block = (kind * layers_ + layer) * slots_ + step % slots_;
  return {units_.data() + block * rows_ * stride, rows_, stride};
}

LstmCell LstmPass::cell(size_t layer, size_t step) {
  return {.rows = rows_,
          .hidden = hidden_,
          .gates = gates(layer, step).data,
          .cell_before = step == 0 ? zeros_.data() : units(1, layer, step - 1).data,
          .cell = units(1, layer, step).data,
          .cell_tanh = units(2, layer, step).data,
          .output = units(0, layer, step).data};
}

LstmNetwork::LstmNetwork(const ControllerConfig& config, const std::vector<Decision>& decisions,
                         uint64_t seed)
    : decisions_(decisions),
      hidden_(static_cast<size_t>(config.hidden)),
      embedding_(static_cast<size_t>(config.embedding)) {
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

void LstmNetwork::begin(LstmPass& pass, size_t rows, bool keep_all_steps) const {
  pass.begin(rows, keep_all_steps ? decisions_.size() : 2, layers_.size(), hidden_);
}

void LstmNetwork::step(size_t d, std::span<const size_t> tokens, LstmPass& pass, float* logits) {
  prepare();
  const auto constant = [](const Rows<float>& rows) {
    return Rows<const float>{rows.data, rows.count, rows.stride};
  };
  for (size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    const Rows<float> gates = pass.gates(l, d);
    for (size_t b = 0; b < pass.rows(); ++b) {
      const float* start =
          l == 0 ? input_gates_.data() + fed_row_[tokens[b]] * gates.stride : layer.bias.data();
      std::copy_n(start, gates.stride, gates.row(b));
    }
    if (l > 0) multiply_add(constant(pass.output(l - 1, d)), layer.ih, gates);
    if (d > 0) multiply_add(constant(pass.output(l, d - 1)), layer.hh, gates);
    lstm_forward(pass.cell(l, d));
  }
  const Head& head = heads_[head_of_[d]];
  for (size_t b = 0; b < pass.rows(); ++b) {
    float* row = logits + b * logit_stride_;
    std::copy_n(weights_.data() + head.bias, head.choices, row);
    std::fill(row + head.choices, row + logit_stride_, 0.0f);
  }
  multiply_add(constant(pass.output(layers_.size() - 1, d)), head.forward,
               {logits, pass.rows(), logit_stride_});
}

}  // namespace ridgeline
