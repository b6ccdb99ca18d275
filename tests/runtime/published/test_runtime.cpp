#include <ATen/ATen.h>

#include "network/cost.h"
#include "network/published/known_networks.h"
#include "runtime/network_module.h"
#include "tests/catch.h"

using namespace ridgeline;

TEST_CASE("as LibTorch modules the networks have their parameters and give 1000 finite outputs") {
  struct Row {
    const char* name;
    int resolution;
  };
  const Row row =
      GENERATE(Row{"inception_v3", 75}, Row{"inception_v4", 75}, Row{"nasnetalarge", 35},
               Row{"mobilenetv2_050", 32}, Row{"mobilenetv2_140", 33}, Row{"mobilenetv2_120d", 32},
               Row{"mobilenetv3_large_100", 33}, Row{"mobilenetv3_small_050", 32},
               Row{"mobilenetv3_small_075", 32}, Row{"mnasnet_100", 32}, Row{"semnasnet_100", 33},
               Row{"efficientnetv2_s", 32}, Row{"efficientnetv2_m", 33});
  INFO(row.name);
  const Network network = load_network(row.name, row.resolution);
  const at::NoGradGuard no_grad;
  NetworkModule module(network, 1);
  module->eval();
  CHECK(count_parameters(*module) == cost(network).total.params);
  const at::Tensor outputs = module->forward(at::ones({2, 3, row.resolution, row.resolution}));
  CHECK(outputs.sizes() == at::IntArrayRef({2, 1000}));
  CHECK(outputs.isfinite().all().item<bool>());
}
