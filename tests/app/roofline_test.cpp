#include "core/file.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline::test;
using Catch::Matchers::Contains;
using ridgeline::read_file;

TEST_CASE("roofline prints where networks stand on the roofs of devices, and draws it") {
  TempFolder folder;
  const Outcome outcome =
      run_program({"roofline", "--hardware", "tpu_v3", "v100", "--networks", "efficientnet_b0",
                   "efficientnet_x_b0_tpu", "--svg", folder / "roofline.svg"});
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.out, Contains("tpu_v3: peak 123.00 TFLOP/s, bandwidth 900 GB/s, ridge point "
                                   "I = 136.7"));
  const std::string svg = read_file(folder / "roofline.svg");
  CHECK_THAT(svg, Contains(">efficientnet_b0</text>") && Contains("on v100") &&
                      Contains("ridge point, I = 137"));
}

TEST_CASE("roofline --csv has one line per device and network") {
  const Outcome outcome = run_program({"roofline", "--csv", "--hardware", "v100", "xeon_skylake",
                                       "--networks", "efficientnet_b0", "--batch", "8"});
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.out, Contains("device,network,intensity,tflops") &&
                              Contains("\nv100,efficientnet_b0,") &&
                              Contains("\nxeon_skylake,efficientnet_b0,"));
}

TEST_CASE("roofline answers unknown devices and networks with the nearest names") {
  const Outcome device = run_program({"roofline", "--hardware", "tpu_v4"});
  CHECK(device.exit_code == 3);
  CHECK_THAT(device.err, Contains("tpu_v3"));
  const Outcome network = run_program({"roofline", "--networks", "eficientnet_b1"});
  CHECK(network.exit_code == 3);
  CHECK_THAT(network.err, Contains("efficientnet_b1"));
  CHECK(run_program({"roofline", "--batch", "0"}).exit_code == 2);
}

TEST_CASE("profile --svg draws a network's kernels, and refuses a measured profile") {
  TempFolder folder;
  const Outcome outcome = run_program({"profile", "efficientnet_b0", "--hardware", "v100",
                                       "--batch", "128", "--svg", folder / "kernels.svg"});
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(read_file(folder / "kernels.svg"), Contains("its kernels") &&
                                                    Contains("depthwise.conv</text>") &&
                                                    Contains("kernels without FLOPs, not shown"));
  const Outcome measured =
      run_program({"profile", "efficientnet_b0", "--measured", "--svg", folder / "none.svg"});
  CHECK(measured.exit_code == 2);
  CHECK_FALSE(std::filesystem::exists(folder / "none.svg"));
}
