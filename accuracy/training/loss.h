#pragma once

#include <ATen/core/Tensor.h>

#include "accuracy/data/augment.h"
#include "accuracy/training_config.h"

namespace ridgeline {

/// Mean over the batch of the cross-entropy against (1 - smoothing) on the label plus smoothing /
/// classes on every class. logits: [n, classes]; labels: [n].
at::Tensor smoothed_cross_entropy(const at::Tensor& logits, const at::Tensor& labels,
                                  double smoothing);

/// The loss of `config` for logits [n, classes] of the images of `batch`. cross_entropy: as above;
/// of mixed images the mean of both labels' losses, weighted by their shares.
/// binary_cross_entropy: the mean over images and classes, with 1 for every class that is in the
/// image (of mixed images: both), smoothed as above (Wightman et al., 2021, Section 3.1).
at::Tensor training_loss(const at::Tensor& logits, const Batch& batch,
                         const TrainingConfig& config);

}  // namespace ridgeline
