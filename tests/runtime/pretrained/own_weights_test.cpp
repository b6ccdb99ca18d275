#include <ATen/ATen.h>

#include "runtime/pretrained/pretrained.h"
#include "runtime/weights.h"
#include "search_space/architecture.h"
#include "tests/catch.h"
#include "tests/runtime/pretrained/references.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

Network small_network(int classes) {
  Architecture architecture =
      load_architecture(source_folder() / "configs/architectures/efficientnet_x_b0_gpu.yaml");
  architecture.resolution = 32;
  architecture.classes = classes;
  return lower(architecture);
}

}  // namespace

TEST_CASE("weights of Ridgeline's own networks start a network for other classes") {
  const TempFolder folder;
  NetworkModule trained(small_network(5), 1);
  for (const char* file : {"weights.pt", "model.safetensors"}) {
    INFO(file);
    save_weights(*trained, folder / file);
    NetworkModule same(small_network(5), 2), other(small_network(7), 2);
    const PretrainedReport whole = load_pretrained(same, folder / file);
    CHECK(whole.layout == PretrainedLayout::kRidgeline);
    CHECK(whole.fresh.empty());
    CHECK(equal_values(values_of(trained), values_of(same)));
    const auto head = other->named_parameters()["classifier.weight"].detach().clone();
    const PretrainedReport report = load_pretrained(other, folder / file);
    CHECK(report.fresh == std::vector<std::string>{"classifier.weight", "classifier.bias"});
    CHECK(at::equal(other->named_parameters()["classifier.weight"], head));
    CHECK(at::equal(other->named_parameters()["stem.conv.weight"],
                    trained->named_parameters()["stem.conv.weight"]));
  }
}
