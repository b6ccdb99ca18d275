#include "experiments/candidate.h"

namespace ridgeline {

DataShape data_shape(const AccuracyEvaluator& evaluator) {
  return {evaluator.classes(), evaluator.channels()};
}

CandidateNetwork::CandidateNetwork(Architecture decided)
    : architecture(std::move(decided)),
      network(architecture.is_plain() ? Network{} : lower(architecture)),
      cost(ridgeline::cost(network)) {}

Architecture CandidateBuilder::architecture(const Genotype& genotype) const {
  Architecture architecture = space_.decode(genotype);
  if (data_.classes > 0) architecture.classes = data_.classes;
  if (data_.channels > 0) architecture.input_channels = data_.channels;
  return architecture;
}

}  // namespace ridgeline
