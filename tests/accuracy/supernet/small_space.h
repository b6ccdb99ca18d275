#pragma once

#include <memory>

#include "accuracy/supernet/supernet_training.h"
#include "search_space/search_space.h"

namespace ridgeline::test {

/// 16 px, three classes: operators, kernels, filters, layers down to none, space-to-depth,
/// squeeze-and-excite and skips.
inline SearchSpace small_space() {
  return SearchSpace::from_yaml(YamlView::parse(R"(
name: small
resolution: 16
classes: 3
stem: {filters: [4, 8], activation: [relu, swish]}
stages:
  - {operator: [mbconv, fused_mbconv], kernel: [3, 5], filters: [4, 8], expansion: 1, stride: 1,
     se_ratio: [0, 0.25], layers: 1, reshape: [none, space_to_depth]}
  - {operator: [mbconv, fused_mbconv], kernel: [3, 5], filters: [8, 12], expansion: [1, 2],
     stride: 2, layers: [0, 1, 2], skip: [true, false], se_ratio: 0}
head: {filters: [16, 32], dropout: 0.1}
drop_connect: 0.1
batch_norm: {momentum: 0.1}
)",
                                                "small"));
}

/// Four networks, of which a short training is enough.
inline SearchSpace narrow_space() {
  return SearchSpace::from_yaml(YamlView::parse(R"(
name: narrow
resolution: 16
classes: 3
stem: {filters: 8, activation: relu}
stages:
  - {operator: fused_mbconv, kernel: [3, 5], filters: [12, 16], expansion: 1, stride: 2,
     se_ratio: 0, layers: 1, activation: relu}
head: {filters: 32, activation: relu, dropout: 0.1}
drop_connect: 0
batch_norm: {momentum: 0.1}
)",
                                                "narrow"));
}

inline SupernetSpace supernet_space(const SearchSpace& space) {
  return {space.decisions(), [space](const Genotype& genotype) { return space.decode(genotype); }};
}

inline std::shared_ptr<SharedWeights> shared_weights(const SearchSpace& space, uint64_t seed) {
  RandomStream stream(1, 0, "base");
  return SharedWeights::of_space(space.decisions(),
                                 space.decode(random_genotype(space.decisions(), stream)), seed);
}

}  // namespace ridgeline::test
