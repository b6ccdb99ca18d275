#include <array>

#include "core/config_path.h"
#include "scaling/compound.h"
#include "zoo/families.h"

namespace ridgeline {
namespace {

/// Published coefficients of a level: they do not follow from one (alpha, beta, gamma).
struct Level {
  double width, depth;
  int resolution;
  double dropout;
};

constexpr std::array<Level, 8> kLevels = {{
    {1.0, 1.0, 224, 0.2},
    {1.0, 1.1, 240, 0.2},
    {1.1, 1.2, 260, 0.3},
    {1.2, 1.4, 300, 0.3},
    {1.4, 1.8, 380, 0.4},
    {1.6, 2.2, 456, 0.4},
    {1.8, 2.6, 528, 0.5},
    {2.0, 3.1, 600, 0.5},
}};

Network build(const std::string& name, const Level& level, int resolution) {
  const auto base = load_architecture(find_config("architectures", "efficientnet_b0"));
  Architecture architecture =
      scale(base, {.depth = level.depth, .width = level.width, .resolution = 1});
  architecture.name = name;
  architecture.resolution = resolution;
  architecture.head.dropout = level.dropout;
  return lower(architecture);
}

}  // namespace

std::vector<KnownNetwork> efficientnets() {
  std::vector<KnownNetwork> networks;
  for (size_t i = 0; i < kLevels.size(); ++i) {
    const std::string name = "efficientnet_b" + std::to_string(i);
    networks.push_back(
        {name, "efficientnet", kLevels[i].resolution,
         "Tan and Le 2019, EfficientNet-B" + std::to_string(i),
         [name, level = kLevels[i]](int resolution) { return build(name, level, resolution); }});
  }
  return networks;
}

}  // namespace ridgeline
