#pragma once

#include <string>

#include "accuracy/evaluator.h"
#include "latency/oracle.h"
#include "network/cost.h"
#include "search_space/search_space.h"

namespace ridgeline {

/// What the data asks of every network, and what suits data and training where the space leaves it
/// open; 0: as the space says.
struct DataShape {
  int classes = 0;
  int channels = 0;
  int resolution = 0;
  double batch_norm_momentum = 0;
};
DataShape data_shape(const AccuracyEvaluator& evaluator);

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
  CandidateBuilder(SearchSpace space, const DataShape& data = {});

  const SearchSpace& space() const { return space_; }
  const DataShape& data() const { return data_; }
  Architecture architecture(const Genotype& genotype) const;
  CandidateNetwork build(const Genotype& genotype) const {
    return CandidateNetwork(architecture(genotype));
  }

 private:
  SearchSpace space_;
  DataShape data_;  ///< 0 too where the space gives a value of its own
};

}  // namespace ridgeline
