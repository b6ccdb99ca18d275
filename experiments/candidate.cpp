#include "experiments/candidate.h"

namespace ridgeline {

DataShape data_shape(const AccuracyEvaluator& evaluator) {
  return {evaluator.classes(), evaluator.channels()};
}

CandidateNetwork::CandidateNetwork(Architecture decided)
    : architecture(std::move(decided)),
      network(architecture.is_plain() ? Network{} : lower(architecture)),
      cost(ridgeline::cost(network)) {}

Architecture with_data_shape(Architecture architecture, const DataShape& data) {
  if (data.classes > 0) architecture.classes = data.classes;
  if (data.channels > 0) architecture.input_channels = data.channels;
  return architecture;
}

}  // namespace ridgeline
