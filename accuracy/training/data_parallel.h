#pragma once

#include <ATen/core/Tensor.h>

#include "accuracy/config.h"
#include "runtime/batch_slice.h"
#include "runtime/network_module.h"
#include "runtime/rank_group.h"

namespace ridgeline {

/// One rank's part in the training of `module` by several processes: each works on its slice of
/// every batch, and after `combine` all hold the gradient of the whole batch.
class DataParallel {
 public:
  /// Takes over the weights of rank 0. `module` and `ranks` are borrowed. Throws `kConfig` when a
  /// batch has fewer images than there are ranks, `RankLost`.
  DataParallel(NetworkModule& module, int batch, BatchNormStatistics statistics, RankGroup& ranks);
  ~DataParallel();
  DataParallel(const DataParallel&) = delete;
  DataParallel& operator=(const DataParallel&) = delete;

  const BatchSlice& slice() const { return slice_; }
  /// The weight of the slice's mean loss in the mean over the batch.
  double share() const { return static_cast<double>(slice_.count) / slice_.total; }

  /// Sums gradients and `weighted_loss` (the slice's mean loss times `share`, of which the
  /// gradients are) over the ranks in one exchange, and returns the whole batch's loss, where it
  /// is. Throws `RankLost`.
  at::Tensor combine(const at::Tensor& weighted_loss);

 private:
  NetworkModule& module_;
  RankGroup& ranks_;
  BatchSlice slice_;
};

}  // namespace ridgeline
