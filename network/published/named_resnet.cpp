#include "network/published/resnet.h"

#include "network/published/families.h"

namespace ridgeline {
namespace {

const std::vector<int> k18 = {2, 2, 2, 2}, k50 = {3, 4, 6, 3}, k101 = {3, 4, 23, 3},
                       k152 = {3, 8, 36, 3}, k200 = {3, 24, 36, 3}, k269 = {3, 30, 48, 8};

KnownNetwork known_resnet(ResNetConfig config, const std::string& family,
                          const std::string& source) {
  return {config.name, family, config.resolution, source, [config](int resolution) mutable {
            config.resolution = resolution;
            return resnet(config);
          }};
}

ResNetConfig plain(const std::string& name, const std::vector<int>& layers,
                   bool bottleneck = true) {
  ResNetConfig config;
  config.name = name;
  config.layers = layers;
  config.bottleneck = bottleneck;
  return config;
}

ResNetConfig with_d(ResNetConfig config) {
  config.name += "d";
  config.deep_stem = 32;
  config.average_shortcut = true;
  return config;
}

ResNetConfig grouped(const std::string& name, const std::vector<int>& layers, int groups,
                     int base_width) {
  ResNetConfig config = plain(name, layers);
  config.groups = groups;
  config.base_width = base_width;
  return config;
}

ResNetConfig with_se(ResNetConfig config) {
  config.name = "se" + config.name;
  config.se_reduction = 16;
  return config;
}

}  // namespace

std::vector<KnownNetwork> resnets() {
  const std::string he = "He et al. 2016, stride in the 3x3 (v1.5)";
  const std::string bag = "He et al. 2019, ResNet-D";
  const std::string wide = "Zagoruyko and Komodakis 2016, as in torchvision";
  const ResNetConfig depths[] = {plain("resnet18", k18, false), plain("resnet26", k18),
                                 plain("resnet34", k50, false), plain("resnet50", k50),
                                 plain("resnet101", k101),      plain("resnet152", k152)};
  std::vector<KnownNetwork> networks;
  for (const ResNetConfig& config : depths) networks.push_back(known_resnet(config, "resnet", he));
  for (const ResNetConfig& config : depths) {
    networks.push_back(known_resnet(with_d(config), "resnet", bag));
  }
  networks.push_back(known_resnet(grouped("wide_resnet50_2", k50, 1, 128), "resnet", wide));
  networks.push_back(known_resnet(grouped("wide_resnet101_2", k101, 1, 128), "resnet", wide));
  return networks;
}

std::vector<KnownNetwork> resnexts() {
  const std::string xie = "Xie et al. 2017";
  std::vector<KnownNetwork> networks;
  for (const ResNetConfig& config :
       {grouped("resnext50_32x4d", k50, 32, 4), grouped("resnext101_32x4d", k101, 32, 4),
        grouped("resnext152_32x4d", k152, 32, 4), grouped("resnext101_32x8d", k101, 32, 8),
        grouped("resnext101_64x4d", k101, 64, 4)}) {
    networks.push_back(known_resnet(config, "resnext", xie));
  }
  ResNetConfig d = with_d(grouped("", k50, 32, 4));
  d.name = "resnext50d_32x4d";
  networks.push_back(known_resnet(d, "resnext", xie + ", ResNet-D"));
  return networks;
}

std::vector<KnownNetwork> seresnets() {
  const std::string hu = "Hu et al. 2018, reduction 16, as in timm";
  std::vector<KnownNetwork> networks;
  for (const ResNetConfig& config :
       {plain("resnet18", k18, false), plain("resnet34", k50, false), plain("resnet50", k50),
        plain("resnet101", k101), plain("resnet152", k152), grouped("resnext50_32x4d", k50, 32, 4),
        grouped("resnext101_32x4d", k101, 32, 4), grouped("resnext101_32x8d", k101, 32, 8),
        grouped("resnext101_64x4d", k101, 64, 4)}) {
    networks.push_back(known_resnet(with_se(config), "seresnet", hu));
  }
  return networks;
}

std::vector<KnownNetwork> resnests() {
  const auto resnest = [](const std::string& name, const std::vector<int>& layers, int resolution,
                          int deep_stem) {
    ResNetConfig config = plain(name, layers);
    config.resolution = resolution;
    config.deep_stem = deep_stem;
    config.average_shortcut = true;
    config.radix = 2;
    return known_resnet(config, "resnest", "Zhang et al. 2020, radix 2, as in timm");
  };
  return {resnest("resnest14d", {1, 1, 1, 1}, 224, 32), resnest("resnest26d", k18, 224, 32),
          resnest("resnest50d", k50, 224, 32),          resnest("resnest101e", k101, 256, 64),
          resnest("resnest200e", k200, 320, 64),        resnest("resnest269e", k269, 416, 64)};
}

}  // namespace ridgeline
