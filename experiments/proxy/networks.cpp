#include "experiments/proxy/networks.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/parallel.h"
#include "core/random.h"

namespace ridgeline {
namespace {

constexpr size_t kSamples = 1000;

/// The i-th number (from 1) of van der Corput's sequence in base 2: 1/2, 1/4, 3/4, 1/8, ...
double van_der_corput(unsigned i) {
  double value = 0, digit = 0.5;
  for (; i > 0; i /= 2, digit /= 2) value += (i % 2) * digit;
  return value;
}

}  // namespace

std::vector<CandidateNetwork> spread_networks(const CandidateBuilder& candidates, uint64_t seed,
                                              int count) {
  const SearchSpace& space = candidates.space();
  if (space.is_plain()) {
    throw Error(ErrorKind::kConfig, "space " + space.name() +
                                        " is plain decisions, which have no network to train; "
                                        "for recorded trainings use --table");
  }
  RandomStream stream(seed, 0, "networks of a proxy");
  std::set<Genotype> drawn;
  for (size_t i = 0; i < kSamples; ++i) drawn.insert(random_genotype(space.decisions(), stream));
  std::vector<Genotype> genotypes(drawn.begin(), drawn.end());
  if (genotypes.size() < static_cast<size_t>(count)) {
    throw Error(ErrorKind::kConfig, "--networks: only " + std::to_string(genotypes.size()) +
                                        " different networks were found in the space " +
                                        space.name() + ", not " + std::to_string(count));
  }
  std::vector<int64_t> madds(genotypes.size());
  parallel_for(genotypes.size(),
               [&](size_t i) { madds[i] = candidates.build(genotypes[i]).cost.total.madds; });
  std::vector<size_t> order(genotypes.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return madds[a] < madds[b]; });
  std::vector<CandidateNetwork> networks;
  std::set<size_t> taken;
  for (unsigned i = 1; networks.size() < static_cast<size_t>(count); ++i) {
    const auto place = static_cast<size_t>(van_der_corput(i) * static_cast<double>(order.size()));
    if (taken.insert(place).second) networks.push_back(candidates.build(genotypes[order[place]]));
  }
  return networks;
}

}  // namespace ridgeline
