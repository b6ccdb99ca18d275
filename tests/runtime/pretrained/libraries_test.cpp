#include <ATen/ATen.h>

#include "runtime/pretrained/pretrained.h"
#include "tests/catch.h"
#include "tests/runtime/pretrained/references.h"

// Weights of torchvision and timm, found by name: ours must compute what the library computes.

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

void check_library(const std::vector<PretrainedCase>& cases, const std::string& library,
                   PretrainedLayout layout) {
  const TempFolder folder;
  for (const PretrainedCase& one : cases) {
    INFO(one.theirs);
    write_references({one}, library, folder.path());
    NetworkModule module = module_for(one, layout);
    const auto path = weights_of(one, folder.path());
    const PretrainedReport report = load_pretrained(module, path, {.layout = layout});
    CHECK(report.layout == layout);
    CHECK(report.fresh.empty());
    CHECK(report.taken.size() == module->parameters().size() + module->buffers().size());
    CHECK(difference_from_reference(module, one, folder.path()) < 1e-4);
    std::filesystem::remove(path);
  }
}

void check_torchvision(const std::vector<PretrainedCase>& cases) {
  check_library(cases, "torchvision", PretrainedLayout::kTorchvision);
}

void check_timm(const std::vector<PretrainedCase>& cases,
                PretrainedLayout layout = PretrainedLayout::kTimm) {
  check_library(cases, "timm", layout);
}

}  // namespace

TEST_CASE("torchvision's ResNets, from every format of file", "[process]") {
  check_torchvision({{"resnet18", "resnet18", 64, "legacy"},
                     {"resnet34", "resnet34", 64, "checkpoint"},
                     {"resnet50", "resnet50", 64, "zip"},
                     {"resnext50_32x4d", "resnext50_32x4d", 64, "half"}});
}

TEST_CASE("torchvision's RegNets", "[process]") {
  check_torchvision({{"regnet_y_400mf", "regnety_004", 64, "zip"},
                     {"regnet_x_800mf", "regnetx_008", 64, "parallel"},
                     {"regnet_x_1_6gf", "regnetx_016", 64, "safetensors"}});
}

TEST_CASE("torchvision's MobileNets and MnasNets", "[process]") {
  check_torchvision({{"mobilenet_v2", "mobilenetv2_100", 96, "ema"},
                     {"mobilenet_v3_large", "mobilenetv3_large_100", 96, "safetensors"},
                     {"mobilenet_v3_small", "mobilenetv3_small_100", 96, "zip"},
                     {"mnasnet1_0", "mnasnet_100", 96, "legacy"},
                     {"mnasnet0_5", "mnasnet_050", 96, "zip"}});
}

TEST_CASE("torchvision's EfficientNets", "[process]") {
  check_torchvision({{"efficientnet_b0", "efficientnet_b0", 64, "zip"},
                     {"efficientnet_b1", "efficientnet_b1", 64, "zip"},
                     {"efficientnet_b5", "efficientnet_b5", 64, "zip"},
                     {"efficientnet_v2_s", "efficientnetv2_s", 64, "zip"}});
}

TEST_CASE("timm's ResNets and RegNets", "[process]") {
  check_timm({{"resnet26", "resnet26"},
              {"resnet26d", "resnet26d"},
              {"seresnet50", "seresnet50"},
              {"regnety_008", "regnety_008"},
              {"regnetx_002", "regnetx_002"}});
}

TEST_CASE("timm's MobileNets, MnasNets and EfficientNets", "[process]") {
  check_timm({{"mobilenetv2_110d", "mobilenetv2_110d", 96},
              {"mobilenetv3_large_100", "mobilenetv3_large_100", 96},
              {"mobilenetv3_small_075", "mobilenetv3_small_075", 96},
              {"mnasnet_100", "mnasnet_100", 96},
              {"semnasnet_100", "semnasnet_100", 96},
              {"efficientnet_b0", "efficientnet_b0"},
              {"efficientnet_b2", "efficientnet_b2"},
              {"efficientnetv2_s", "efficientnetv2_s"}});
}

TEST_CASE("timm's weights from TensorFlow", "[process]") {
  check_timm({{"tf_efficientnet_b0", "efficientnet_b0", 65},
              {"tf_efficientnet_b1", "efficientnet_b1", 64},
              {"tf_efficientnetv2_s", "efficientnetv2_s", 64},
              {"tf_mobilenetv3_large_100", "mobilenetv3_large_100", 96}},
             PretrainedLayout::kTimmTf);
}

// The rest of what docs/training.md names; minutes, so by name only.

TEST_CASE("all other networks of torchvision", "[.]") {
  check_torchvision({{"resnet101", "resnet101"},
                     {"resnet152", "resnet152"},
                     {"wide_resnet50_2", "wide_resnet50_2"},
                     {"wide_resnet101_2", "wide_resnet101_2"},
                     {"resnext101_32x8d", "resnext101_32x8d"},
                     {"resnext101_64x4d", "resnext101_64x4d"},
                     {"regnet_x_3_2gf", "regnetx_032"},
                     {"regnet_x_8gf", "regnetx_080"},
                     {"regnet_x_16gf", "regnetx_160"},
                     {"regnet_x_32gf", "regnetx_320"},
                     {"regnet_y_1_6gf", "regnety_016"},
                     {"regnet_y_3_2gf", "regnety_032"},
                     {"regnet_y_16gf", "regnety_160"},
                     {"regnet_y_32gf", "regnety_320"},
                     {"mnasnet0_75", "mnasnet_075"},
                     {"efficientnet_b2", "efficientnet_b2"},
                     {"efficientnet_b3", "efficientnet_b3"},
                     {"efficientnet_b4", "efficientnet_b4"},
                     {"efficientnet_b6", "efficientnet_b6"},
                     {"efficientnet_b7", "efficientnet_b7"},
                     {"efficientnet_v2_m", "efficientnetv2_m"},
                     {"efficientnet_v2_l", "efficientnetv2_l"}});
}

TEST_CASE("more networks of timm", "[.]") {
  check_timm({{"resnet50d", "resnet50d"},
              {"resnext50_32x4d", "resnext50_32x4d"},
              {"seresnet101", "seresnet101"},
              {"seresnext50_32x4d", "seresnext50_32x4d"},
              {"regnety_032", "regnety_032"},
              {"regnetx_032", "regnetx_032"},
              {"mobilenetv2_050", "mobilenetv2_050", 96},
              {"mobilenetv2_140", "mobilenetv2_140", 96},
              {"mobilenetv3_small_050", "mobilenetv3_small_050", 96},
              {"mobilenetv3_large_075", "mobilenetv3_large_075", 96},
              {"mnasnet_140", "mnasnet_140", 96},
              {"semnasnet_075", "semnasnet_075", 96},
              {"efficientnet_b4", "efficientnet_b4"},
              {"efficientnetv2_m", "efficientnetv2_m"}});
}
