#include "network/published/mobile.h"

#include <algorithm>
#include <cmath>

#include "network/published/families.h"

namespace ridgeline {
namespace {

constexpr auto kRelu = ActivationKind::kRelu;
constexpr auto kRelu6 = ActivationKind::kRelu6;
constexpr auto kHardSwish = ActivationKind::kHardSwish;

/// timm's name of a variant; `fixed_ends`: stem, head and the depth of the first and the last stage
/// are not scaled (timm's "d" variants).
struct Variant {
  const char* name;
  double width;
  double depth = 1;
  bool fixed_ends = false;
};

void scale_stages(MobileNetwork& network, const Variant& variant) {
  for (auto& stage : network.stages) {
    const bool is_end = &stage == &network.stages.front() || &stage == &network.stages.back();
    stage.filters = round_to_8(static_cast<double>(stage.filters) * variant.width);
    if (!(variant.fixed_ends && is_end)) {
      stage.layers = static_cast<int>(std::ceil(stage.layers * variant.depth - 1e-9));
    }
  }
  if (!variant.fixed_ends) {
    network.stem_filters = round_to_8(static_cast<double>(network.stem_filters) * variant.width);
  }
}

/// Sandler et al. 2018, Table 2; heads only grow with the width.
MobileNetwork mobilenet_v2(const Variant& variant) {
  MobileNetwork network;
  network.stages = {{3, 1, 16, 1, 1, 0, kRelu6}, {3, 6, 24, 2, 2, 0, kRelu6},
                    {3, 6, 32, 3, 2, 0, kRelu6}, {3, 6, 64, 4, 2, 0, kRelu6},
                    {3, 6, 96, 3, 1, 0, kRelu6}, {3, 6, 160, 3, 2, 0, kRelu6},
                    {3, 6, 320, 1, 1, 0, kRelu6}};
  network.activation = kRelu6;
  network.batch_norm = {.epsilon = 1e-5, .momentum = 0.1};
  scale_stages(network, variant);
  if (!variant.fixed_ends) network.head_filters = round_to_8(1280 * std::max(1.0, variant.width));
  return network;
}

/// Howard et al. 2019. The head convolution is six times the last stage, the features keep their
/// width, and the stem does in networks below three quarters.
MobileNetwork mobilenet_v3(const Variant& variant, std::vector<MobileStage> stages,
                           int64_t features) {
  MobileNetwork network;
  network.stem_filters = 16;
  network.stages = std::move(stages);
  network.features = features;
  network.activation = kHardSwish;
  network.hard_squeeze_excite = true;
  network.batch_norm = {.epsilon = 1e-3, .momentum = 0.01};
  scale_stages(network, variant);
  if (variant.width < 0.75) network.stem_filters = 16;
  network.head_filters = 6 * network.stages.back().filters;
  return network;
}

/// Table 1.
MobileNetwork mobilenet_v3_large(const Variant& variant) {
  return mobilenet_v3(variant,
                      {{3, 1, 16, 1, 1, 0, kRelu},
                       {3, 4, 24, 1, 2, 0, kRelu},
                       {3, 3, 24, 1, 1, 0, kRelu},
                       {5, 3, 40, 3, 2, 0.25, kRelu},
                       {3, 6, 80, 1, 2, 0, kHardSwish},
                       {3, 2.5, 80, 1, 1, 0, kHardSwish},
                       {3, 2.3, 80, 2, 1, 0, kHardSwish},
                       {3, 6, 112, 2, 1, 0.25, kHardSwish},
                       {5, 6, 160, 3, 2, 0.25, kHardSwish}},
                      1280);
}

/// Table 2.
MobileNetwork mobilenet_v3_small(const Variant& variant) {
  return mobilenet_v3(variant,
                      {{3, 1, 16, 1, 2, 0.25, kRelu},
                       {3, 4.5, 24, 1, 2, 0, kRelu},
                       {3, 3.67, 24, 1, 1, 0, kRelu},
                       {5, 4, 40, 1, 2, 0.25, kHardSwish},
                       {5, 6, 40, 2, 1, 0.25, kHardSwish},
                       {5, 3, 48, 2, 1, 0.25, kHardSwish},
                       {5, 6, 96, 3, 2, 0.25, kHardSwish}},
                      1024);
}

MobileNetwork mnasnet(const Variant& variant, std::vector<MobileStage> stages) {
  MobileNetwork network;
  network.stages = std::move(stages);
  network.batch_norm = {.epsilon = 1e-5, .momentum = 0.1};
  scale_stages(network, variant);
  return network;
}

/// Tan et al. 2019, Figure 7: found with squeeze-and-excite in the space.
MobileNetwork mnasnet_a1(const Variant& variant) {
  return mnasnet(variant, {{3, 1, 16, 1, 1, 0},
                           {3, 6, 24, 2, 2, 0},
                           {5, 3, 40, 3, 2, 0.25},
                           {3, 6, 80, 4, 2, 0},
                           {3, 6, 112, 2, 1, 0.25},
                           {5, 6, 160, 3, 2, 0.25},
                           {3, 6, 320, 1, 1, 0}});
}

/// The one found without.
MobileNetwork mnasnet_b1(const Variant& variant) {
  return mnasnet(variant, {{3, 1, 16, 1, 1},
                           {3, 3, 24, 3, 2},
                           {5, 3, 40, 3, 2},
                           {5, 6, 80, 3, 2},
                           {3, 6, 96, 2, 1},
                           {5, 6, 192, 4, 2},
                           {3, 6, 320, 1, 1}});
}

using Definition = MobileNetwork (*)(const Variant&);

void add(std::vector<KnownNetwork>& networks, const std::string& family, const std::string& source,
         Definition definition, const std::vector<Variant>& variants) {
  for (const Variant& variant : variants) {
    networks.push_back({variant.name, family, 224, source, [variant, definition](int resolution) {
                          return mobile_network(variant.name, resolution, definition(variant));
                        }});
  }
}

}  // namespace

std::vector<KnownNetwork> mobilenets() {
  std::vector<KnownNetwork> networks;
  add(networks, "mobilenetv2", "Sandler et al. 2018, MobileNetV2", mobilenet_v2,
      {{"mobilenetv2_035", 0.35},
       {"mobilenetv2_050", 0.5},
       {"mobilenetv2_075", 0.75},
       {"mobilenetv2_100", 1.0},
       {"mobilenetv2_110d", 1.1, 1.2, true},
       {"mobilenetv2_120d", 1.2, 1.4, true},
       {"mobilenetv2_140", 1.4}});
  add(networks, "mobilenetv3", "Howard et al. 2019, MobileNetV3-Small", mobilenet_v3_small,
      {{"mobilenetv3_small_050", 0.5},
       {"mobilenetv3_small_075", 0.75},
       {"mobilenetv3_small_100", 1.0}});
  add(networks, "mobilenetv3", "Howard et al. 2019, MobileNetV3-Large", mobilenet_v3_large,
      {{"mobilenetv3_large_075", 0.75}, {"mobilenetv3_large_100", 1.0}});
  return networks;
}

std::vector<KnownNetwork> mnasnets() {
  std::vector<KnownNetwork> networks;
  add(networks, "mnasnet", "Tan et al. 2019, MnasNet-B1", mnasnet_b1,
      {{"mnasnet_050", 0.5}, {"mnasnet_075", 0.75}, {"mnasnet_100", 1.0}, {"mnasnet_140", 1.4}});
  add(networks, "mnasnet", "Tan et al. 2019, MnasNet-A1", mnasnet_a1,
      {{"semnasnet_050", 0.5},
       {"semnasnet_075", 0.75},
       {"semnasnet_100", 1.0},
       {"semnasnet_140", 1.4}});
  return networks;
}

}  // namespace ridgeline
