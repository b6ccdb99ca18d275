#pragma once

#include <memory>

#include "accuracy/supernet/shared_weights.h"
#include "accuracy/training/proxy.h"

namespace ridgeline {

/// Scores a network on validation images with the weights that all networks of the space share
/// (`supernet.weights`), after its batch norm got the statistics that these weights have on
/// training images: nothing is trained. A score depends on the architecture and the seed alone. A
/// spec that is to be trained `alone`, as the final training is, is the proxy training's.
class SupernetEvaluator : public ProxyEvaluator {
 public:
  /// Throws as `ProxyEvaluator`, and `kConfig` for several processes or parts of a batch.
  explicit SupernetEvaluator(const AccuracyConfig& config);

  /// Throws `kConfig` for a space of plain decisions.
  void require(const SearchSpace& space) const override;

 protected:
  Evaluation train_and_score(const TrialSpec& spec) const override;

 private:
  const SharedWeights& weights() const;

  std::string weights_file_;
  mutable std::shared_ptr<SharedWeights> weights_;  // read when they are first needed
};

}  // namespace ridgeline
