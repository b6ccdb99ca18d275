#include "accuracy/training/loss.h"

#include <ATen/ATen.h>

namespace ridgeline {
namespace {

at::Tensor smoothed_binary_cross_entropy(const at::Tensor& logits, const Batch& batch,
                                         double smoothing) {
  const double off = smoothing / static_cast<double>(logits.size(1)), on = 1 - smoothing + off;
  at::Tensor targets = at::full_like(logits, off);
  targets.scatter_(1, batch.labels.unsqueeze(1), on);
  if (batch.partner_labels.defined()) targets.scatter_(1, batch.partner_labels.unsqueeze(1), on);
  return at::binary_cross_entropy_with_logits(logits, targets);
}

}  // namespace

at::Tensor smoothed_cross_entropy(const at::Tensor& logits, const at::Tensor& labels,
                                  double smoothing) {
  return at::cross_entropy_loss(logits, labels, /*weight=*/{}, at::Reduction::Mean,
                                /*ignore_index=*/-100, smoothing);
}

at::Tensor training_loss(const at::Tensor& logits, const Batch& batch,
                         const TrainingConfig& config) {
  const double smoothing = config.label_smoothing;
  if (config.loss == LossKind::kBinaryCrossEntropy)
    return smoothed_binary_cross_entropy(logits, batch, smoothing);
  const at::Tensor loss = smoothed_cross_entropy(logits, batch.labels, smoothing);
  if (!batch.partner_labels.defined()) return loss;
  return loss * batch.own +
         smoothed_cross_entropy(logits, batch.partner_labels, smoothing) * (1 - batch.own);
}

}  // namespace ridgeline
