#include <cmath>

#include "latency/roofline.h"
#include "network/published/known_networks.h"
#include "tests/catch.h"

using namespace ridgeline;

// What the EfficientNet-X paper finds, out of the analytic oracle with the constants in
// configs/hardware alone. Batch 128.

namespace {

double ms(const std::string& hardware, const std::string& network) {
  return RooflineOracle(load_hardware(hardware), 128).estimate(load_network(network)).ms;
}

std::string level(const std::string& prefix, int i, const std::string& suffix = "") {
  return prefix + std::to_string(i) + suffix;
}

/// Geometric mean over B0 to B7 of EfficientNet's latency over EfficientNet-X's.
double mean_speed_up(const std::string& hardware, const std::string& suffix) {
  double sum = 0;
  for (int i = 0; i < 8; ++i) {
    sum += std::log(ms(hardware, level("efficientnet_b", i)) /
                    ms(hardware, level("efficientnet_x_b", i, suffix)));
  }
  return std::exp(sum / 8);
}

}  // namespace

TEST_CASE("EfficientNet-X is faster than EfficientNet by what Table 3 says in the mean") {
  const double v100 = mean_speed_up("v100", "_gpu_released");
  CHECK(v100 > 1.7);
  CHECK(v100 < 2.1);
  const double tpu = mean_speed_up("tpu_v3", "_tpu_released");
  CHECK(tpu > 1.4);
  CHECK(tpu < 1.7);
}

TEST_CASE("each step of Table 4 is faster than the one before, on both devices") {
  for (const std::string device : {"v100", "tpu_v3"}) {
    CAPTURE(device);
    const double b0 = ms(device, "efficientnet_b0");
    const double space_to_depth = ms(device, "efficientnet_b0_s2d");
    const double fused = ms(device, "efficientnet_b0_s2d_fused");
    const double x =
        ms(device, device == "v100" ? "efficientnet_x_b0_gpu" : "efficientnet_x_b0_tpu");
    CHECK(space_to_depth < b0);
    CHECK(fused < space_to_depth);
    CHECK(x < fused);
  }
}

TEST_CASE("the step from TPUv2 to TPUv3 helps every EfficientNet-X more than its EfficientNet") {
  for (int i = 0; i < 8; ++i) {
    CAPTURE(i);
    const std::string plain = level("efficientnet_b", i);
    const std::string x = level("efficientnet_x_b", i, "_tpu_released");
    CHECK(ms("tpu_v2", x) / ms("tpu_v3", x) > ms("tpu_v2", plain) / ms("tpu_v3", plain));
  }
}

TEST_CASE("FLOPs do not order networks by latency: RegNetY-800MF has twice B0's, X-B0 2.4 times") {
  CHECK(ms("v100", "efficientnet_x_b0_gpu") < ms("v100", "efficientnet_b0"));
  CHECK(ms("v100", "regnety_008") < ms("v100", "efficientnet_b0"));
  CHECK(ms("tpu_v3", "regnety_008") > 2 * ms("tpu_v3", "efficientnet_b0"));
}
