#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "accuracy/zero_cost_config.h"
#include "search_space/architecture.h"

namespace ridgeline {

/// What a score looks at.
struct ZeroCostInput {
  at::Tensor images;  ///< normalised, [n, channels, resolution, resolution], on the CPU
  at::Tensor labels;  ///< [n], int64
  uint64_t seed = 1;  ///< of the random weights and images
};

// Scores of an untrained network with random weights: higher is said to be better. None is an
// accuracy. Dropout and drop-connect are off. Each throws `kConfig` where the architecture has no
// network (`lower`).

/// Natural logarithm of the sum over all weights of convolutions and linear layers of |w dR/dw|,
/// where R is the sum of the outputs for one image of ones, with every weight replaced by its
/// absolute value, in double precision (Tanaka et al. 2020, Equation 4, as Abdelfattah et al. 2021
/// use it on whole networks). Batch norm keeps its initial statistics, mean 0 and variance 1, so
/// that it passes values on. Sees no data.
double synflow(const Architecture& architecture, uint64_t seed);

/// log |det K|, K[i][j] the number of activations in which images i and j agree about the sign of
/// the input, over all ReLU-like activations (Mellor et al. 2021, Equation 2). For swish, which has
/// no kink, the sign of its input counts too. Batch norm uses the statistics of the batch. -inf
/// where two images have the same signs.
double naswot(const Architecture& architecture, const ZeroCostInput& input);

/// Sum over convolutions and linear layers of the Euclidean norm of the gradient of the
/// cross-entropy of one batch (Abdelfattah et al. 2021, Section 3.2). Batch norm uses the
/// statistics of the batch.
double gradient_norm(const Architecture& architecture, const ZeroCostInput& input);

/// Zen-score (Lin et al. 2021, Algorithm 1): log of the mean |f(x) - f(x + 0.01 e)| per image, f
/// the features before the global pooling, x and e Gaussian, plus the sum over batch norms of the
/// log of the root mean variance of their channels, with Gaussian weights N(0, 1); the mean of four
/// draws of `batch` images. As in the paper without skips and squeeze-and-excite. Sees no data.
double zen_score(const Architecture& architecture, int batch, uint64_t seed);

/// Any of them; multiply-adds and parameters are those of network/cost.h.
double zero_cost_score(ZeroCostScore score, const Architecture& architecture,
                       const ZeroCostInput& input);

/// Where a score comes from, for tables.
std::string source_of(ZeroCostScore score);

}  // namespace ridgeline
