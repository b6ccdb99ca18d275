#include "experiments/candidate.h"

namespace ridgeline {

DataShape data_shape(const AccuracyEvaluator& evaluator) {
  return {evaluator.classes(), evaluator.channels(), evaluator.resolution(),
          evaluator.batch_norm_momentum()};
}

CandidateNetwork::CandidateNetwork(Architecture decided)
    : architecture(std::move(decided)),
      network(architecture.is_plain() ? Network{} : lower(architecture)),
      cost(ridgeline::cost(network)) {}

CandidateBuilder::CandidateBuilder(SearchSpace space, const DataShape& data)
    : space_(std::move(space)), data_(data) {
  if (!space_.leaves_open(kResolutionField)) data_.resolution = 0;
  if (!space_.leaves_open(kMomentumField)) data_.batch_norm_momentum = 0;
}

Architecture CandidateBuilder::architecture(const Genotype& genotype) const {
  Architecture architecture = space_.decode(genotype);
  if (data_.classes > 0) architecture.classes = data_.classes;
  if (data_.channels > 0) architecture.input_channels = data_.channels;
  if (data_.resolution > 0) architecture.resolution = data_.resolution;
  if (data_.batch_norm_momentum > 0) architecture.bn_momentum = data_.batch_norm_momentum;
  return architecture;
}

}  // namespace ridgeline
