#pragma once

#include "core/random.h"
#include "network/cost.h"
#include "surrogate/fit.h"

namespace ridgeline::test {

/// 5,184 networks.
inline constexpr const char* kPlantedSpace = R"(
resolution: 32
classes: 10
stem: {filters: [8, 16], activation: relu}
stages:
  - {kernel: [3, 5, 7], filters: [8, 12, 16], layers: [1, 2, 3], activation: [relu, swish], stride: 2}
  - {kernel: [3, 5], filters: [16, 24, 32], expansion: [1, 4], layers: [0, 1, 2], stride: 2}
head: {filters: 32}
)";

/// 0.3 + effects of the network's size, of single choices and of a pair.
inline double planted_accuracy(const Genotype& genotype, const Architecture& architecture) {
  const double madds = static_cast<double>(cost(lower(architecture)).total.madds);
  return 0.3 + 0.03 * std::log(madds / 1e6) + 0.02 * genotype[2] +
         (genotype[1] == 1 && genotype[4] == 1 ? 0.03 : 0);
}

/// Random networks with their planted accuracies and noise on top.
inline SurrogateData planted_rows(size_t rows, double noise, uint64_t draw = 0) {
  SurrogateData data;
  data.space_name = "planted";
  data.space_yaml = kPlantedSpace;
  data.source = "planted";
  const SearchSpace space = data.space();
  RandomStream stream(7, draw, "planted");
  while (data.rows.size() < rows) {
    SurrogateRow row;
    row.genotype = random_genotype(space.decisions(), stream);
    row.architecture = space.decode(row.genotype);
    row.accuracy = planted_accuracy(row.genotype, row.architecture) + noise * stream.normal();
    data.rows.push_back(std::move(row));
  }
  return data;
}

}  // namespace ridgeline::test
