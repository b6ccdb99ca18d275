#include "accuracy/training/data_parallel.h"

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "core/error.h"

namespace ridgeline {

DataParallel::DataParallel(NetworkModule& module, int batch, BatchNormStatistics statistics,
                           RankGroup& ranks)
    : module_(module), ranks_(ranks), slice_(slice_of(batch, ranks.rank(), ranks.size())) {
  if (batch < ranks.size()) {
    throw Error(ErrorKind::kConfig, "accuracy.training.processes: " + std::to_string(ranks.size()) +
                                        " is more than the " + std::to_string(batch) +
                                        " images of a batch; each process needs at least one");
  }
  // Equal already where all ranks run one binary on one kind of machine.
  std::vector<at::Tensor> weights = module->parameters();
  for (const auto& buffer : module->buffers()) weights.push_back(buffer);
  ranks.broadcast(weights);
  const bool together = statistics == BatchNormStatistics::kSynchronised;
  module->share_batch(slice_, together ? &ranks : nullptr);
}

DataParallel::~DataParallel() { module_->share_batch({}, nullptr); }

at::Tensor DataParallel::combine(const at::Tensor& weighted_loss) {
  const at::NoGradGuard no_gradients;
  std::vector<at::Tensor> gradients, flat;
  for (const auto& parameter : module_->parameters()) {
    if (!parameter.grad().defined()) continue;
    gradients.push_back(parameter.grad());
    flat.push_back(parameter.grad().reshape(-1));
  }
  flat.push_back(weighted_loss.detach().reshape(-1));
  at::Tensor bucket = at::cat(flat);
  ranks_.sum(bucket);
  int64_t begin = 0;
  for (auto& gradient : gradients) {
    gradient.copy_(bucket.narrow(0, begin, gradient.numel()).view(gradient.sizes()));
    begin += gradient.numel();
  }
  return bucket[begin].clone();  // not a view that keeps all of it
}

}  // namespace ridgeline
