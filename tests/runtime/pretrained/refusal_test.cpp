#include <ATen/ATen.h>

#include "network/classes.h"
#include "network/published/known_networks.h"
#include "runtime/pretrained/pretrained.h"
#include "runtime/pretrained/torch_file.h"
#include "runtime/weights.h"
#include "tests/catch.h"
#include "tests/runtime/pretrained/references.h"

// Weights that do not fit are refused, and the module stays as it was; the head's rule.

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

using Layout = PretrainedLayout;

const PretrainedCase kResNet{"resnet18", "resnet18", 64, "zip"};

/// The message of the refusal; the module must not change.
std::string refusal(NetworkModule& module, const std::filesystem::path& weights,
                    const PretrainedOptions& options = {}) {
  const auto before = values_of(module);
  const std::string message = error_of([&] { load_pretrained(module, weights, options); });
  CHECK(equal_values(before, values_of(module)));
  return message;
}

Network resnet18_with(int classes) { return with_classes(load_network("resnet18", 64), classes); }

}  // namespace

TEST_CASE("a head for other classes keeps its new weights, and the report says so", "[process]") {
  const TempFolder folder;
  write_references({kResNet}, "torchvision", folder.path());
  const auto weights = weights_of(kResNet, folder.path());
  const std::vector<std::string> head{"classifier.weight", "classifier.bias"};

  NetworkModule module(resnet18_with(10), 1);
  const at::Tensor before = module->named_parameters()["classifier.weight"].detach().clone();
  const PretrainedReport report = load_pretrained(module, weights);
  CHECK(report.layout == Layout::kTorchvision);
  CHECK(report.source == "ResNet of torchvision and timm");
  CHECK(report.fresh == head);
  CHECK(report.taken.size() + 2 == module->parameters().size() + module->buffers().size());
  CHECK(at::equal(before, module->named_parameters()["classifier.weight"]));
  const auto stored = read_stored_weights(weights).tensors;
  CHECK(at::equal(module->named_parameters()["stage4.block1.conv2.conv.weight"],
                  stored.at("layer4.1.conv2.weight")));
  CHECK(at::equal(module->named_buffers()["stage2.block0.shortcut.bn.running_var"],
                  stored.at("layer2.0.downsample.1.running_var")));

  SECTION("as many classes, but a new head was asked for") {
    NetworkModule same(resnet18_with(1000), 1);
    const auto fresh = load_pretrained(same, weights, {.head = PretrainedHead::kNew}).fresh;
    CHECK(fresh == head);
  }
  SECTION("the file's head was asked for") {
    const std::string message = refusal(module, weights, {.head = PretrainedHead::kPretrained});
    CHECK(contains(message, "'fc.weight' is [1000x512], but 'classifier.weight' is [10x512]"));
  }
}

TEST_CASE("weights of another architecture are refused with the tensors that do not fit",
          "[process]") {
  const TempFolder folder;
  write_references({kResNet,
                    {"regnet_y_800mf", "regnety_008", 64, "zip"},
                    {"mobilenet_v2", "mobilenetv2_100", 64, "zip"}},
                   "torchvision", folder.path());
  const auto resnet = weights_of(kResNet, folder.path());
  NetworkModule deeper(load_network("resnet34", 64), 1);
  CHECK(contains(refusal(deeper, resnet),
                 "does not fit the network resnet34: it lacks 'layer1.2.conv1.weight', which is "
                 "'stage1.block2.conv1.conv.weight' here"));
  NetworkModule shallower(load_network("resnet18", 64), 1);
  CHECK(contains(refusal(shallower, folder / "regnet_y_800mf.pth"),
                 "does not fit the network resnet18"));

  SECTION("torchvision's widened RegNetY") {
    NetworkModule regnet(load_network("regnety_008", 64), 1);
    const std::string message = refusal(regnet, folder / "regnet_y_800mf.pth");
    CHECK(contains(message, "[144x64x1x1]"));
    CHECK(contains(message, "regnet_y_8gf are wider than the published networks"));
  }
  SECTION("another layout than was asked for") {
    CHECK(contains(refusal(shallower, resnet, {.layout = Layout::kRidgeline}),
                   "it lacks 'stem.conv.weight'"));
    NetworkModule mobile(load_network("mobilenetv2_100", 64), 1);
    CHECK(contains(refusal(mobile, folder / "mobilenet_v2.pth", {.layout = Layout::kTimm}),
                   "its names are those of torchvision's MobileNetV2, not of the layout timm"));
  }
  SECTION("not a number") {
    auto tensors = read_stored_weights(resnet).tensors;
    tensors.at("layer3.0.bn1.bias")[7] = NAN;
    save_tensors(tensors, folder / "nan.pth");
    CHECK(contains(refusal(shallower, folder / "nan.pth"),
                   "'layer3.0.bn1.bias' holds NaN or infinity"));
  }
  SECTION("a tensor too many") {
    auto tensors = read_stored_weights(resnet).tensors;
    tensors["layer5.conv.weight"] = at::ones({3});
    save_tensors(tensors, folder / "more.pth");
    CHECK(contains(refusal(shallower, folder / "more.pth"),
                   "'layer5.conv.weight' is no tensor of the network"));
  }
}

TEST_CASE("a network that pads otherwise than the weights need is refused", "[process]") {
  const TempFolder folder;
  const PretrainedCase b0{"efficientnet_b0", "efficientnet_b0", 64, "zip"};
  write_references({b0}, "torchvision", folder.path());
  NetworkModule same(load_network("efficientnet_b0", 64), 1);
  CHECK(contains(refusal(same, weights_of(b0, folder.path())), "another padding or epsilon"));
  const Network network = load_network("efficientnet_b0", 64);
  CHECK(find_pretrained_layout(network, weights_of(b0, folder.path())) == Layout::kTorchvision);
}

TEST_CASE("the layouts of a network that a library does not have are refused") {
  const Network found = lower(
      load_architecture(source_folder() / "configs/architectures/efficientnet_x_b0_tpu.yaml"));
  CHECK(contains(error_of([&] { as_pretrained_layout(found, Layout::kTorchvision); }),
                 "it has no network '" + found.name() + "'"));
  CHECK(contains(error_of([&] { as_pretrained_layout(load_network("resnet18"), Layout::kTimmTf); }),
                 "it has no network 'resnet18'"));
  CHECK(contains(error_of([&] { as_pretrained_layout(found, Layout::kAuto); }),
                 "valid: ridgeline, torchvision, timm, timm_tf"));
}

TEST_CASE("timm's names do not say which padding the weights need") {
  const TempFolder folder;
  save_tensors({{"conv_stem.weight", at::ones({32, 3, 3, 3})}}, folder / "names.pth");
  const Network b0 = load_network("efficientnet_b0", 64);
  const auto message = error_of([&] { find_pretrained_layout(b0, folder / "names.pth"); });
  CHECK(contains(message, "layout timm_tf): say which"));
  const Network v2 = load_network("mobilenetv2_100", 64);
  CHECK(find_pretrained_layout(v2, folder / "names.pth") == Layout::kTimm);
  save_tensors({{"encoder.weight", at::ones({3})}}, folder / "other.pth");
  CHECK(contains(error_of([&] { find_pretrained_layout(v2, folder / "other.pth"); }),
                 "its names (encoder.weight, ...) are of no known kind"));
}
