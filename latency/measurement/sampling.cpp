#include "latency/measurement/sampling.h"

#include <cstdio>
#include <set>

namespace ridgeline {

std::vector<Architecture> sample_architectures(const SearchSpace& space,
                                               const SamplingPlan& sample) {
  RandomStream stream(sample.seed, 0, "latency sample");
  std::set<std::pair<Genotype, int>> seen;
  std::vector<Architecture> architectures;
  const auto wanted = static_cast<size_t>(sample.networks);
  // A space of few networks runs dry; then most draws are repeats.
  for (int draws = 0; architectures.size() < wanted && draws < 100 * sample.networks; ++draws) {
    const Genotype genotype = random_genotype(space.decisions(), stream);
    Architecture architecture = space.decode(genotype);
    if (!sample.resolutions.empty()) {
      const int choice = stream.below(static_cast<int>(sample.resolutions.size()));
      architecture.resolution = sample.resolutions[static_cast<size_t>(choice)];
    }
    if (!seen.insert({genotype, architecture.resolution}).second) continue;
    char number[16];
    std::snprintf(number, sizeof number, "%04zu", architectures.size());
    architecture.name = space.name() + "-s" + std::to_string(sample.seed) + "-" + number;
    architectures.push_back(std::move(architecture));
  }
  if (architectures.size() < wanted) {
    throw Error(ErrorKind::kConfig,
                "space " + space.name() + ": only " + std::to_string(architectures.size()) +
                    " different networks were found, " + std::to_string(wanted) + " are asked");
  }
  return architectures;
}

}  // namespace ridgeline
