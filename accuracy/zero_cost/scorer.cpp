#include "accuracy/zero_cost/scorer.h"

#include <algorithm>
#include <cmath>

#include "accuracy/data/augment.h"
#include "core/random.h"

namespace ridgeline {

ZeroCostScorer::ZeroCostScorer(const DataConfig& config, int batch)
    : data_(load_dataset(config)), normalization_(normalization_of(data_.train)) {
  RandomStream stream(config.seed, 0, "zero-cost images");
  chosen_ = permutation(data_.train.size(), stream);
  chosen_.resize(std::min(chosen_.size(), static_cast<size_t>(batch)));
}

int ZeroCostScorer::resolution() const {
  return std::max(data_.train.seen_height(), data_.train.seen_width());
}

double ZeroCostScorer::score(ZeroCostScore score, const Architecture& architecture) const {
  const BatchMaker maker(data_.train, normalization_, architecture.input_channels,
                         architecture.resolution);
  const Batch batch = maker.plain(chosen_);
  return zero_cost_score(score, architecture, {batch.images, batch.labels});
}

double on_log_scale(ZeroCostScore score, double value) {
  const bool count = score == ZeroCostScore::kGradNorm || score == ZeroCostScore::kMadds ||
                     score == ZeroCostScore::kParams;
  return count ? std::log(value) : value;
}

}  // namespace ridgeline
