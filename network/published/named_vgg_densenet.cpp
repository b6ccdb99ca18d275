#include "network/published/densenet.h"
#include "network/published/families.h"
#include "network/published/vgg.h"

namespace ridgeline {

std::vector<KnownNetwork> vggs() {
  const std::pair<const char*, std::vector<int>> depths[] = {{"vgg11", {1, 1, 2, 2, 2}},
                                                             {"vgg13", {2, 2, 2, 2, 2}},
                                                             {"vgg16", {2, 2, 3, 3, 3}},
                                                             {"vgg19", {2, 2, 4, 4, 4}}};
  std::vector<KnownNetwork> networks;
  for (const bool batch_norm : {false, true}) {
    for (const auto& [name, layers] : depths) {
      VggConfig config;
      config.name = name + std::string(batch_norm ? "_bn" : "");
      config.layers = layers;
      config.batch_norm = batch_norm;
      networks.push_back({config.name, "vgg", config.resolution,
                          std::string("Simonyan and Zisserman 2014") +
                              (batch_norm ? ", with batch norm as in torchvision" : ""),
                          [config](int resolution) mutable {
                            config.resolution = resolution;
                            return vgg(config);
                          }});
    }
  }
  return networks;
}

std::vector<KnownNetwork> densenets() {
  const auto known = [](const std::string& name, const std::vector<int>& layers, int growth,
                        int stem_width) -> KnownNetwork {
    DenseNetConfig config;
    config.name = name;
    config.layers = layers;
    config.growth = growth;
    config.stem_width = stem_width;
    return {name, "densenet", config.resolution, "Huang et al. 2017",
            [config](int resolution) mutable {
              config.resolution = resolution;
              return densenet(config);
            }};
  };
  return {
      known("densenet121", {6, 12, 24, 16}, 32, 64), known("densenet169", {6, 12, 32, 32}, 32, 64),
      known("densenet201", {6, 12, 48, 32}, 32, 64), known("densenet161", {6, 12, 36, 24}, 48, 96)};
}

}  // namespace ridgeline
