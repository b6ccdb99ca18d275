#pragma once

#include "network/network.h"

namespace ridgeline {

/// What a training step keeps, besides the network.
struct TrainingMemoryOptions {
  int64_t batch = 1;          ///< images in memory at a time
  int copies_of_weights = 3;  ///< weights, gradients, and what the optimiser and averages keep
  int bytes_per_value = 4;
  /// With runtime/kernels: a batch norm and the ReLU or swish after it are one operator, and
  /// depthwise convolutions make no padded copy.
  bool own_kernels = true;
};

/// Bytes of one step of gradient descent at its peak. Not in it: the program itself, the images of
/// the data set, and what libraries take for a moment.
struct TrainingMemory {
  double weights = 0;      ///< all copies
  double activations = 0;  ///< what the backward pass needs, and the gradients alive with it
  double convolution =
      0;  ///< input and output of the largest convolution that is no 1x1 or depthwise
  /// What a process takes for them on a CPU: libraries copy weights and the images of a convolution
  /// into layouts of their own, and freed memory is not all used again. The factors are a fit to 20
  /// networks (docs/training_speed.md has its errors).
  double resident() const { return 1.19 * weights + 1.16 * activations + 1.48 * convolution; }
};

/// Walks the network forward, keeping each value that a backward pass reads, then backward, freeing
/// them and counting the gradients that are alive. Which values are kept follows LibTorch's
/// derivative formulas: a convolution, linear layer or batch norm its input, a product both
/// factors, ReLU and sigmoid their output, swish its input.
TrainingMemory training_memory(const Network& network, const TrainingMemoryOptions& options);

}  // namespace ridgeline
