#include "experiments/warm_start.h"

#include <filesystem>

#include "core/error.h"

namespace ridgeline {

std::vector<Genotype> warm_start(const ExperimentConfig& config, const SearchSpace& space) {
  std::vector<Genotype> genotypes;
  if (!config.search.warm_start) return genotypes;
  for (const auto& file : *config.search.warm_start) {
    const std::string where = "search.warm_start: " + file;
    if (!std::filesystem::exists(file))
      throw Error(ErrorKind::kConfig, where + ": no such file; valid: files of architectures");
    Architecture architecture = architecture_from_yaml(YamlView::load_file(file));
    // The data decides these two: a network exported by another run has those of its data.
    if (!space.is_plain()) {
      architecture.classes = space.classes();
      architecture.input_channels = space.input_channels();
    }
    try {
      genotypes.push_back(space.encode(architecture));
    } catch (const Error& error) {
      throw Error(ErrorKind::kConfig,
                  where + " is not in space '" + space.name() + "': " + error.what());
    }
  }
  return genotypes;
}

}  // namespace ridgeline
