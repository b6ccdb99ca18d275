#pragma once

#include <string>

#include "accuracy/evaluator.h"
#include "latency/oracle.h"
#include "network/cost.h"
#include "search_space/search_space.h"

namespace ridgeline {

/// What the data asks of every network; 0: as the space says.
struct DataShape {
  int classes = 0;
  int channels = 0;
};
DataShape data_shape(const AccuracyEvaluator& evaluator);
Architecture with_data_shape(Architecture architecture, const DataShape& data);

/// What prices networks for one latency target; borrowed. The main accelerator has no name.
struct TargetOracle {
  std::string accelerator;
  const LatencyOracle& oracle;
};

/// An architecture with its network and cost; a point of plain decisions has an empty network.
struct CandidateNetwork {
  explicit CandidateNetwork(Architecture decided);
  double latency_ms(const LatencyOracle& oracle) const {
    return oracle.estimate_architecture(architecture, network).ms;
  }

  Architecture architecture;
  Network network;
  NetworkCost cost;
};

/// Makes a space's networks as the data at hand needs them: what is priced, trained and exported.
class CandidateBuilder {
 public:
  CandidateBuilder(SearchSpace space, const DataShape& data = {})
      : space_(std::move(space)), data_(data) {}

  const SearchSpace& space() const { return space_; }
  Architecture architecture(const Genotype& genotype) const {
    return with_data_shape(space_.decode(genotype), data_);
  }
  CandidateNetwork build(const Genotype& genotype) const {
    return CandidateNetwork(architecture(genotype));
  }

 private:
  SearchSpace space_;
  DataShape data_;
};

}  // namespace ridgeline
