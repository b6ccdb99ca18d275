#include "network/published/mobile.h"

#include <cmath>

#include "network/published/families.h"

namespace ridgeline {
namespace {

/// A fused stage at expansion 1 is one convolution with batch norm, as in the official code.
MobileStage fused(double expansion, int64_t filters, int layers, int stride) {
  return {3, expansion, filters, layers, stride, 0, ActivationKind::kSwish, true};
}
MobileStage mbconv(double expansion, int64_t filters, int layers, int stride) {
  return {3, expansion, filters, layers, stride, 0.25, ActivationKind::kSwish, false};
}

Network build_v2(const std::string& name, int resolution, std::vector<MobileStage> stages,
                 double dropout) {
  MobileNetwork network;
  network.stem_filters = stages.front().filters;
  network.stages = std::move(stages);
  network.activation = ActivationKind::kSwish;
  network.same_padding = true;
  network.dropout = dropout;
  network.drop_connect = 0.2;
  network.batch_norm = {.epsilon = 1e-3, .momentum = 0.1};
  return mobile_network(name, resolution, network);
}

/// Tan and Le 2021, Table 4.
std::vector<MobileStage> small() {
  return {fused(1, 24, 2, 1),   fused(4, 48, 4, 2),   fused(4, 64, 4, 2),
          mbconv(4, 128, 6, 2), mbconv(6, 160, 9, 1), mbconv(6, 256, 15, 2)};
}
std::vector<MobileStage> medium() {
  return {fused(1, 24, 3, 1),    fused(4, 48, 5, 2),    fused(4, 80, 5, 2),  mbconv(4, 160, 7, 2),
          mbconv(6, 176, 14, 1), mbconv(6, 304, 18, 2), mbconv(6, 512, 5, 1)};
}
std::vector<MobileStage> large() {
  return {fused(1, 32, 4, 1),    fused(4, 64, 7, 2),    fused(4, 96, 7, 2),  mbconv(4, 192, 10, 2),
          mbconv(6, 224, 19, 1), mbconv(6, 384, 25, 2), mbconv(6, 640, 7, 1)};
}

}  // namespace

std::vector<KnownNetwork> efficientnets_v2() {
  return {{"efficientnetv2_s", "efficientnetv2", 384, "Tan and Le 2021, EfficientNetV2-S",
           [](int resolution) { return build_v2("efficientnetv2_s", resolution, small(), 0.2); }},
          {"efficientnetv2_m", "efficientnetv2", 480, "Tan and Le 2021, EfficientNetV2-M",
           [](int resolution) { return build_v2("efficientnetv2_m", resolution, medium(), 0.3); }},
          {"efficientnetv2_l", "efficientnetv2", 480, "Tan and Le 2021, EfficientNetV2-L",
           [](int resolution) { return build_v2("efficientnetv2_l", resolution, large(), 0.4); }}};
}

}  // namespace ridgeline
