#include "controller/lstm_states.h"

#include <algorithm>

namespace ridgeline {

// What lies behind the units of a row stays 0: nothing else is ever written there.
size_t LstmStates::add(size_t count) {
  const size_t first = size_;
  size_ += count;
  const auto grow = [this](std::vector<float>& values, size_t width) {
    const size_t needed = size_ * padded(width);
    if (values.size() < needed) values.resize(std::max(values.size() + values.size() / 2, needed));
  };
  for (auto& layer : layers_) {
    grow(layer.gates, 4 * hidden_);
    grow(layer.cell, hidden_);
    grow(layer.cell_tanh, hidden_);
    grow(layer.output, hidden_);
  }
  return first;
}

}  // namespace ridgeline
