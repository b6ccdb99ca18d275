#pragma once

#include <cstddef>
#include <vector>

#include "controller/lstm_kernels.h"

namespace ridgeline {

/// What `LstmNetwork` computed at some steps, one numbered state for each: the gates' values, the
/// cell, its tanh and the output of every layer. A state may have several successors. `clear` keeps
/// the memory for the next states: about 28 bytes per unit and state.
class LstmStates {
 public:
  LstmStates(size_t layers, size_t hidden) : hidden_(hidden), layers_(layers) {}

  size_t size() const { return size_; }
  void clear() { size_ = 0; }
  /// Appends `count` states and returns the number of the first. Earlier rows may move.
  size_t add(size_t count);

  /// [count, padded(4 hidden)] from state `first` on.
  Rows<float> gates(size_t layer, size_t first, size_t count) {
    return rows(layers_[layer].gates, 4 * hidden_, first, count);
  }
  /// [count, padded(hidden)]
  Rows<float> output(size_t layer, size_t first, size_t count) {
    return rows(layers_[layer].output, hidden_, first, count);
  }

  /// One state as the kernels see it, but for its `cell_before`.
  LstmCell at(size_t layer, size_t state) {
    Layer& values = layers_[layer];
    const size_t unit = state * padded(hidden_);
    return {.hidden = hidden_,
            .gates = values.gates.data() + state * padded(4 * hidden_),
            .cell_before = nullptr,
            .cell = values.cell.data() + unit,
            .cell_tanh = values.cell_tanh.data() + unit,
            .output = values.output.data() + unit};
  }

 private:
  struct Layer {
    std::vector<float> gates, cell, cell_tanh, output;
  };

  static Rows<float> rows(std::vector<float>& values, size_t width, size_t first, size_t count) {
    return {values.data() + first * padded(width), count, padded(width)};
  }

  size_t hidden_;
  size_t size_ = 0;
  std::vector<Layer> layers_;
};

/// The states that a backward pass goes through, each once, the steps in their order.
struct LstmPath {
  std::vector<size_t> first;   ///< [steps + 1] where the entries of each step begin
  std::vector<size_t> state;   ///< [entries]
  std::vector<size_t> before;  ///< [entries] the entry that precedes it; 0 in the first step
  std::vector<size_t> token;   ///< [entries] what it was fed

  size_t count(size_t step) const { return first[step + 1] - first[step]; }
};

/// Working memory of a backward pass, kept for the next: per layer, entry by entry of the path.
struct LstmWorkspace {
  struct Layer {
    std::vector<float> gates;               // [entries, padded(4 hidden)] their slopes, in the end
    std::vector<float> output;              // [entries, padded(hidden)]
    std::vector<float> output_before;       // likewise, of the preceding entries
    std::vector<float> by_output, by_cell;  // [entries of a step, padded(hidden)] slopes
    std::vector<float> by_output_before, by_cell_before;  // of the step before
  };
  std::vector<Layer> layers;
  std::vector<float> by_recurrence;  // [entries of a step, padded(hidden)]
  std::vector<float> sum;            // [left, padded(right)] of a product
};

}  // namespace ridgeline
