// The backward pass through time of `LstmNetwork`. It first turns all gates into the loss's slopes
// there, last step first; then the gradient of each weight matrix is one product over all steps.

#include <algorithm>

#include "controller/lstm_network.h"

namespace ridgeline {
namespace {

Rows<const float> constant(const Rows<float>& rows) { return {rows.data, rows.count, rows.stride}; }

/// The rows of `steps` steps, which follow each other.
Rows<const float> over(const Rows<float>& rows, size_t steps) {
  return {rows.data, steps * rows.count, rows.stride};
}

/// gradient [n, width] += rows, without what lies behind their ends.
void add_rows(const Rows<float>& rows, size_t width, float* gradient) {
  for (size_t i = 0; i < rows.count; ++i) {
    for (size_t j = 0; j < width; ++j) gradient[i * width + j] += rows.row(i)[j];
  }
}

/// gradient [left_width, right_width] += left^T right.
void add_outer(const Rows<const float>& left, size_t left_width, const Rows<const float>& right,
               size_t right_width, float* gradient) {
  std::vector<float> sum(left_width * padded(right_width), 0.0f);
  const Rows<float> rows{sum.data(), left_width, padded(right_width)};
  outer_add(left, right, rows);
  add_rows(rows, right_width, gradient);
}

std::vector<float> column_sums(const Rows<const float>& rows) {
  std::vector<float> sums(rows.stride, 0.0f);
  for (size_t i = 0; i < rows.count; ++i) {
    const float* row = rows.row(i);
    for (size_t j = 0; j < rows.stride; ++j) sums[j] += row[j];
  }
  return sums;
}

}  // namespace

void LstmNetwork::backward(LstmPass& pass, std::span<const size_t> tokens, std::span<float> slopes,
                           std::span<float> gradient) {
  prepare();
  add_head_gradients(pass, slopes, gradient);
  backward_in_time(pass, slopes);
  add_layer_gradients(pass, tokens, gradient);
}

void LstmNetwork::add_head_gradients(LstmPass& pass, std::span<float> slopes,
                                     std::span<float> gradient) const {
  const size_t stride = padded(hidden_);
  std::vector<std::vector<float>> sums;
  for (const auto& head : heads_) sums.emplace_back(head.choices * stride, 0.0f);
  for (size_t d = 0; d < decisions_.size(); ++d) {
    const Head& head = heads_[head_of_[d]];
    const Rows<const float> by_logit{slopes.data() + d * pass.rows() * logit_stride_, pass.rows(),
                                     logit_stride_};
    outer_add(by_logit, constant(pass.output(layers_.size() - 1, d)),
              {sums[head_of_[d]].data(), head.choices, stride});
    for (size_t b = 0; b < pass.rows(); ++b) {
      for (size_t k = 0; k < head.choices; ++k) gradient[head.bias + k] += by_logit.row(b)[k];
    }
  }
  for (size_t h = 0; h < heads_.size(); ++h)
    add_rows({sums[h].data(), heads_[h].choices, stride}, hidden_,
             gradient.data() + heads_[h].weight);
}

void LstmNetwork::backward_in_time(LstmPass& pass, std::span<float> slopes) {
  const size_t size = pass.rows() * padded(hidden_);
  std::vector<std::vector<float>> by_output(layers_.size(), std::vector<float>(size, 0.0f));
  std::vector<std::vector<float>> by_cell = by_output;
  const auto rows_of = [&](std::vector<float>& values) {
    return Rows<float>{values.data(), pass.rows(), padded(hidden_)};
  };
  for (size_t d = decisions_.size(); d-- > 0;) {
    multiply_add({slopes.data() + d * pass.rows() * logit_stride_, pass.rows(), logit_stride_},
                 heads_[head_of_[d]].back, rows_of(by_output.back()));
    for (size_t l = layers_.size(); l-- > 0;) {
      lstm_backward(pass.cell(l, d), by_output[l].data(), by_cell[l].data());
      const Rows<const float> by_gate = constant(pass.gates(l, d));
      std::fill(by_output[l].begin(), by_output[l].end(), 0.0f);
      if (d > 0) multiply_add(by_gate, layers_[l].hh_back, rows_of(by_output[l]));
      if (l > 0) multiply_add(by_gate, layers_[l].ih_back, rows_of(by_output[l - 1]));
    }
  }
}

void LstmNetwork::add_layer_gradients(LstmPass& pass, std::span<const size_t> tokens,
                                      std::span<float> gradient) const {
  const size_t steps = decisions_.size();
  const size_t gates = 4 * hidden_;
  for (size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    const Rows<const float> by_gate = over(pass.gates(l, 0), steps);
    const std::vector<float> by_bias = column_sums(by_gate);
    for (size_t j = 0; j < gates; ++j) {
      gradient[layer.bias_ih + j] += by_bias[j];
      gradient[layer.bias_hh + j] += by_bias[j];
    }
    if (steps > 1) {
      add_outer(over(pass.gates(l, 1), steps - 1), gates, over(pass.output(l, 0), steps - 1),
                hidden_, gradient.data() + layer.weight_hh);
    }
    if (l > 0) {
      add_outer(by_gate, gates, over(pass.output(l - 1, 0), steps), hidden_,
                gradient.data() + layer.weight_ih);
    }
  }
  add_token_gradients(pass, tokens, gradient);
}

/// All that fed one token to the first layer had the same input: their slopes are added first.
void LstmNetwork::add_token_gradients(LstmPass& pass, std::span<const size_t> tokens,
                                      std::span<float> gradient) const {
  const Layer& layer = layers_.front();
  const Rows<float> by_gate = pass.gates(0, 0);
  std::vector<float> sums(fed_.size() * by_gate.stride, 0.0f);
  for (size_t i = 0; i < tokens.size(); ++i) {
    const float* from = by_gate.row(i);
    float* to = sums.data() + fed_row_[tokens[i]] * by_gate.stride;
    for (size_t j = 0; j < by_gate.stride; ++j) to[j] += from[j];
  }
  const Rows<const float> by_token{sums.data(), fed_.size(), by_gate.stride};
  add_outer(by_token, 4 * hidden_, {embeddings_.data(), fed_.size(), padded(embedding_)},
            embedding_, gradient.data() + layer.weight_ih);
  std::vector<float> by_embedding(fed_.size() * padded(embedding_), 0.0f);
  multiply_add(by_token, layer.ih_back, {by_embedding.data(), fed_.size(), padded(embedding_)});
  for (size_t i = 0; i < fed_.size(); ++i) {
    const float* from = by_embedding.data() + i * padded(embedding_);
    float* to = gradient.data() + fed_[i] * embedding_;
    for (size_t j = 0; j < embedding_; ++j) to[j] += from[j];
  }
}

}  // namespace ridgeline
