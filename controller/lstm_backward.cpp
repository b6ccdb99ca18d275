// The backward pass through time of `LstmNetwork`. It first turns all gates into the loss's slopes
// there, last step first; then the gradient of each weight matrix is one product over all entries
// of the path. An entry's slopes are the sum of what its successors say.

#include <algorithm>

#include "controller/lstm_network.h"

namespace ridgeline {
namespace {

Rows<float> rows_of(std::vector<float>& values, size_t first, size_t count, size_t width) {
  return {values.data() + first * padded(width), count, padded(width)};
}

/// gradient [n, width] += rows, without what lies behind their ends.
void add_rows(const Rows<float>& rows, size_t width, float* gradient) {
  for (size_t i = 0; i < rows.count; ++i) {
    for (size_t j = 0; j < width; ++j) gradient[i * width + j] += rows.row(i)[j];
  }
}

void add_row(const float* from, size_t width, float* to) {
  for (size_t j = 0; j < width; ++j) to[j] += from[j];
}

std::vector<float> column_sums(const Rows<float>& rows) {
  std::vector<float> sums(rows.stride, 0.0f);
  for (size_t i = 0; i < rows.count; ++i) add_row(rows.row(i), rows.stride, sums.data());
  return sums;
}

/// Rows of `from`, one for each of `numbers`, one after the other in `to`.
void gather_rows(const Rows<float>& from, std::span<const size_t> numbers, float* to) {
  for (const size_t number : numbers) to = std::copy_n(from.row(number), from.stride, to);
}

}  // namespace

/// gradient [left_width, right_width] += left^T right.
void LstmNetwork::add_outer(Rows<const float> left, size_t left_width, Rows<const float> right,
                            size_t right_width, float* gradient) {
  work_.sum.assign(left_width * padded(right_width), 0.0f);
  const Rows<float> rows = rows_of(work_.sum, 0, left_width, right_width);
  outer_add(left, right, rows);
  add_rows(rows, right_width, gradient);
}

void LstmNetwork::backward(LstmStates& states, const LstmPath& path, std::span<float> slopes,
                           std::span<float> gradient) {
  prepare();
  gather(states, path);
  add_head_gradients(path, slopes, gradient);
  backward_in_time(states, path, slopes);
  add_layer_gradients(path, gradient);
}

/// The outputs of the path's states, and room for the slopes at their gates.
void LstmNetwork::gather(LstmStates& states, const LstmPath& path) {
  const size_t entries = path.state.size();
  work_.layers.resize(layers_.size());
  for (size_t l = 0; l < layers_.size(); ++l) {
    auto& work = work_.layers[l];
    work.gates.resize(entries * padded(4 * hidden_));
    work.output.resize(entries * padded(hidden_));
    work.output_before.resize(entries * padded(hidden_));
    gather_rows(states.output(l, 0, states.size()), path.state, work.output.data());
    gather_rows(rows_of(work.output, 0, entries, hidden_), path.before, work.output_before.data());
  }
}

void LstmNetwork::add_head_gradients(const LstmPath& path, std::span<float> slopes,
                                     std::span<float> gradient) {
  const size_t stride = padded(hidden_);
  std::vector<std::vector<float>> sums;
  for (const auto& head : heads_) sums.emplace_back(head.choices * stride, 0.0f);
  for (size_t d = 0; d < decisions_.size(); ++d) {
    const Head& head = heads_[head_of_[d]];
    const size_t count = path.count(d);
    const Rows<const float> by_logit{slopes.data() + path.first[d] * logit_stride_, count,
                                     logit_stride_};
    outer_add(by_logit, rows_of(work_.layers.back().output, path.first[d], count, hidden_),
              {sums[head_of_[d]].data(), head.choices, stride});
    for (size_t b = 0; b < count; ++b) {
      for (size_t k = 0; k < head.choices; ++k) gradient[head.bias + k] += by_logit.row(b)[k];
    }
  }
  for (size_t h = 0; h < heads_.size(); ++h)
    add_rows({sums[h].data(), heads_[h].choices, stride}, hidden_,
             gradient.data() + heads_[h].weight);
}

void LstmNetwork::backward_in_time(LstmStates& states, const LstmPath& path,
                                   std::span<float> slopes) {
  const size_t last = path.count(decisions_.size() - 1) * padded(hidden_);
  for (auto& work : work_.layers) {
    work.by_output.assign(last, 0.0f);
    work.by_cell.assign(last, 0.0f);
  }
  for (size_t d = decisions_.size(); d-- > 0;) {
    const size_t count = path.count(d);
    multiply_add({slopes.data() + path.first[d] * logit_stride_, count, logit_stride_},
                 heads_[head_of_[d]].back,
                 rows_of(work_.layers.back().by_output, 0, count, hidden_));
    for (size_t l = layers_.size(); l-- > 0;) {
      step_back(l, d, states, path);
      if (l > 0) {
        multiply_add(rows_of(work_.layers[l].gates, path.first[d], count, 4 * hidden_),
                     layers_[l].ih_back, rows_of(work_.layers[l - 1].by_output, 0, count, hidden_));
      }
    }
    for (auto& work : work_.layers) {
      std::swap(work.by_output, work.by_output_before);
      std::swap(work.by_cell, work.by_cell_before);
    }
  }
}

/// The slopes at the gates of one step of a layer, and at what the step before handed over.
void LstmNetwork::step_back(size_t l, size_t d, LstmStates& states, const LstmPath& path) {
  auto& work = work_.layers[l];
  const size_t stride = padded(hidden_);
  const size_t first = path.first[d];
  const size_t count = path.count(d);
  const Rows<float> gates = rows_of(work.gates, first, count, 4 * hidden_);
  for (size_t b = 0; b < count; ++b) {
    LstmCell cell = states.at(l, path.state[first + b]);
    cell.cell_before =
        d > 0 ? states.at(l, path.state[path.before[first + b]]).cell : zeros_.data();
    lstm_backward(cell, work.by_output.data() + b * stride, work.by_cell.data() + b * stride,
                  gates.row(b));
  }
  if (d == 0) return;
  work_.by_recurrence.assign(count * stride, 0.0f);
  const Rows<float> by_recurrence = rows_of(work_.by_recurrence, 0, count, hidden_);
  multiply_add(gates, layers_[l].hh_back, by_recurrence);
  const size_t first_before = path.first[d - 1];
  work.by_output_before.assign(path.count(d - 1) * stride, 0.0f);
  work.by_cell_before.assign(path.count(d - 1) * stride, 0.0f);
  for (size_t b = 0; b < count; ++b) {
    const size_t to = (path.before[first + b] - first_before) * stride;
    add_row(by_recurrence.row(b), stride, work.by_output_before.data() + to);
    add_row(work.by_cell.data() + b * stride, stride, work.by_cell_before.data() + to);
  }
}

void LstmNetwork::add_layer_gradients(const LstmPath& path, std::span<float> gradient) {
  const size_t entries = path.state.size();
  const size_t gates = 4 * hidden_;
  for (size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    auto& work = work_.layers[l];
    const Rows<float> by_gate = rows_of(work.gates, 0, entries, gates);
    const std::vector<float> by_bias = column_sums(by_gate);
    add_row(by_bias.data(), gates, gradient.data() + layer.bias_ih);
    add_row(by_bias.data(), gates, gradient.data() + layer.bias_hh);
    const size_t later = path.count(0);  // the first entry that another one precedes
    add_outer(rows_of(work.gates, later, entries - later, gates), gates,
              rows_of(work.output_before, later, entries - later, hidden_), hidden_,
              gradient.data() + layer.weight_hh);
    if (l > 0) {
      add_outer(by_gate, gates, rows_of(work_.layers[l - 1].output, 0, entries, hidden_), hidden_,
                gradient.data() + layer.weight_ih);
    }
  }
  add_token_gradients(path, gradient);
}

/// All that fed one token to the first layer had the same input: their slopes are added first.
void LstmNetwork::add_token_gradients(const LstmPath& path, std::span<float> gradient) {
  const Layer& layer = layers_.front();
  const size_t stride = padded(4 * hidden_);
  std::vector<size_t> used;  // in the order of fed_, each once
  std::vector<size_t> place(fed_.size(), fed_.size());
  for (const size_t token : path.token) place[fed_row_[token]] = 0;
  for (size_t i = 0; i < place.size(); ++i) {
    if (place[i] != 0) continue;
    place[i] = used.size();
    used.push_back(i);
  }
  std::vector<float> sums(used.size() * stride, 0.0f);
  for (size_t i = 0; i < path.token.size(); ++i) {
    add_row(work_.layers[0].gates.data() + i * stride, stride,
            sums.data() + place[fed_row_[path.token[i]]] * stride);
  }
  const Rows<float> by_token = rows_of(sums, 0, used.size(), 4 * hidden_);
  std::vector<float> embeddings(used.size() * padded(embedding_));
  gather_rows(rows_of(embeddings_, 0, fed_.size(), embedding_), used, embeddings.data());
  add_outer(by_token, 4 * hidden_, rows_of(embeddings, 0, used.size(), embedding_), embedding_,
            gradient.data() + layer.weight_ih);
  std::vector<float> by_embedding(used.size() * padded(embedding_), 0.0f);
  multiply_add(by_token, layer.ih_back, rows_of(by_embedding, 0, used.size(), embedding_));
  for (size_t i = 0; i < used.size(); ++i) {
    add_row(by_embedding.data() + i * padded(embedding_), embedding_,
            gradient.data() + fed_[used[i]] * embedding_);
  }
}

}  // namespace ridgeline
