#include "latency/calibration/measurements.h"

#include "core/file.h"
#include "latency/calibration/samples.h"
#include "network/cost.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

const std::string kHeader = "network,resolution,batch,precision,latency_ms\n";

Measurements read(const std::string& text, const std::vector<std::string>& selection = {}) {
  const TempFolder folder;
  write_file_atomic(folder / "m.csv", text);
  return read_measurements({folder / "m.csv"}, selection);
}

std::string refusal(const std::string& text, const std::vector<std::string>& selection = {}) {
  return error_of([&] { read(text, selection); });
}

}  // namespace

TEST_CASE("the table of one's own measurements: known networks and architecture files beside it") {
  const TempFolder folder;
  write_file_atomic(folder / "mine.yaml",
                    read_file(source_folder() / "configs/architectures/efficientnet_b0.yaml"));
  write_file_atomic(folder / "m.csv", kHeader +
                                          "resnet50,160,8,fp32,40.5\n"
                                          "mine.yaml,96,4,bf16,3\n");
  const Measurements measurements = read_measurements({folder / "m.csv"});
  REQUIRE(measurements.rows.size() == 2);
  const Measurement& resnet = measurements.rows[0];
  CHECK(resnet.batch == 8);
  CHECK(resnet.precision == Precision::kFp32);
  CHECK(resnet.latency_ms == 40.5);
  CHECK(resnet.family == "resnet");
  CHECK(resnet.build().input_shape().height == 160);
  const Network mine = measurements.rows[1].build();
  CHECK(mine.input_shape().height == 96);
  CHECK(cost(mine).total.params == 5288548);
  CHECK(measurements.source == "m.csv");
}

TEST_CASE("a row with a reason is set aside, and named") {
  const Measurements measurements = read(
      "network,resolution,batch,precision,latency_ms,set_aside\n"
      "resnet50,224,1,fp32,9,throttled\nresnet50,224,2,fp32,15,\n");
  CHECK(measurements.rows.size() == 1);
  REQUIRE(measurements.set_aside.size() == 1);
  CHECK(measurements.set_aside[0].set_aside == "throttled");
}

TEST_CASE("rows say in which session they were measured") {
  const Measurements measurements = read(
      "network,resolution,batch,precision,latency_ms,session\n"
      "resnet50,224,1,fp32,9,monday\nresnet50,224,2,fp32,15,\n");
  REQUIRE(measurements.rows.size() == 2);
  CHECK(measurements.rows[0].session == "monday");
  CHECK(measurements.rows[1].session.empty());
}

TEST_CASE("a selection keeps the rows whose columns have the values") {
  const std::string text =
      "network,resolution,batch,precision,latency_ms,device\n"
      "resnet50,224,1,fp32,9,a\nresnet50,224,8,fp32,40,b\nresnet18,224,8,fp32,20,b\n";
  CHECK(read(text, {"device=b"}).rows.size() == 2);
  CHECK(read(text, {"device=b", "network=resnet18"}).rows.size() == 1);
  CHECK(read(text, {"batch=1"}).rows.size() == 1);
  CHECK_THAT(refusal(text), Catch::Contains("several devices") && Catch::EndsWith(": a, b"));
  CHECK_THAT(refusal(text, {"device=c"}),
             Catch::EndsWith("no row meets the selection; devices: a, b"));
  CHECK_THAT(refusal(text, {"batsh=8"}),
             Catch::Contains("no column 'batsh'; did you mean 'batch'?"));
  CHECK_THAT(refusal(text, {"batch"}), Catch::Contains("is not COLUMN=VALUE"));
}

TEST_CASE("bad measurements are errors that say where and what") {
  CHECK_THAT(refusal("network,batch,latency_ms\n"),
             Catch::Contains("no column resolution or precision; needed are network, resolution"));
  CHECK_THAT(refusal(kHeader + "resnet50,224,8,fp32,0\n"),
             Catch::Contains("m.csv:2: latency of resnet50 must be above 0 ms"));
  CHECK_THAT(refusal(kHeader + "resnet50,224,8,fp32,-3\n"), Catch::Contains("must be above 0 ms"));
  CHECK_THAT(refusal(kHeader + "resnet50,224,8,fp32,3 ms\n"),
             Catch::Contains("latency_ms: '3 ms' is no finite number"));
  CHECK_THAT(refusal(kHeader + "resnet50,224,1.5,fp32,3\n"),
             Catch::Contains("batch: must be a whole number above 0, is 1.5"));
  CHECK_THAT(refusal(kHeader + "resnet50,224,8,fp31,3\n"), Catch::Contains("'fp31' is not one of"));
  CHECK_THAT(refusal(kHeader), Catch::EndsWith("m.csv: no rows"));
}

TEST_CASE(
    "rows of networks that cannot be built are left out, counted, and named with the reason") {
  Measurements measurements = read(kHeader +
                                   "resnet18,224,8,fp32,3\nresnet5O,224,8,fp32,3\n"
                                   "none.yaml,224,8,fp32,3\nresnet50,8,8,fp32,3\n");
  CHECK(make_samples(measurements, load_hardware("v100")).size() == 1);
  CHECK(measurements.rows.size() == 1);
  CHECK(measurements.unknown_rows == 3);
  const std::string reasons = join(measurements.unknown, "\n");
  CHECK_THAT(reasons, Catch::Contains("did you mean 'resnet50'?"));
  CHECK_THAT(reasons, Catch::Contains("no architecture file"));
  CHECK_THAT(reasons, Catch::Contains("m.csv:5: network resnet50: the resolution 8 is too small"));
  Measurements none = read(kHeader + "resnet5O,224,8,fp32,3\n");
  CHECK_THAT(error_of([&] { make_samples(none, load_hardware("v100")); }),
             Catch::Contains("no row has a network that can be built: ") &&
                 Catch::Contains("'resnet5O' is not a known network"));
}

TEST_CASE("torchvision's names are understood, in the families of their networks") {
  const Measurements measurements = read(kHeader +
                                         "mobilenet_v2,224,8,fp32,3\nregnet_y_400mf,224,8,fp32,3\n"
                                         "regnet_x_1_6gf,224,8,fp32,3\nmnasnet1_0,224,8,fp32,3\n"
                                         "vgg16_bn,224,8,fp32,3\nefficientnet_v2_s,224,8,fp32,3\n");
  CHECK(measurements.unknown.empty());
  // Parameters as torchvision's documentation gives them.
  const int64_t params[] = {3504872, 4344144, 9190136, 4383312, 138365992, 21458488};
  REQUIRE(measurements.rows.size() == std::size(params));
  for (size_t i = 0; i < std::size(params); ++i) {
    CAPTURE(measurements.rows[i].network);
    CHECK(cost(measurements.rows[i].build()).total.params == params[i]);
  }
  CHECK(measurements.rows[1].family == "regnety");
}

TEST_CASE("how sure a row is comes from its interval and its noise") {
  const Measurements measurements = read(
      "network,resolution,batch,precision,latency_ms,ci_ms,noise\n"
      "resnet18,224,8,fp32,100,1.96,\nresnet18,224,8,fp32,100,,it drifted\n"
      "resnet18,224,8,fp32,100,1.96,0.3\nresnet18,224,8,fp32,100,,\n");
  const double spreads[] = {0.01, 0.1, 0.3, 0};
  REQUIRE(measurements.rows.size() == std::size(spreads));
  for (size_t i = 0; i < std::size(spreads); ++i)
    CHECK(measurements.rows[i].spread == Approx(spreads[i]));
}

TEST_CASE("published tables are recognised by their header; networks that are not here are named") {
  const Measurements pycls = read(
      "model,config,infer_ms_64img\n"
      "RegNetX-1.6GF,x.yaml,34.75\nResNeXt-50,x.yaml,84.74\nSqueezeNet,x.yaml,10\n");
  REQUIRE(pycls.rows.size() == 2);
  CHECK(pycls.rows[0].build().name().find("regnetx_016") != std::string::npos);
  CHECK(pycls.rows[0].batch == 64);
  CHECK(pycls.rows[1].family == "resnext");
  CHECK(pycls.unknown == std::vector<std::string>{"SqueezeNet"});
  CHECK(pycls.unknown_rows == 1);

  // Latency from the throughput: 64 images at 1280 images/s take 50 ms.
  const Measurements nvidia = read(
      "framework,gpu,model,precision,xla,batch,resolution,throughput_img_s,latency_avg_ms\n"
      "PyTorch,V100-16GB,resnet50v1.5,amp,,64,224,1280,90\n");
  REQUIRE(nvidia.rows.size() == 1);
  CHECK(nvidia.rows[0].latency_ms == Approx(50));
  CHECK(nvidia.rows[0].precision == Precision::kFp16);
  CHECK(nvidia.rows[0].device == "V100-16GB PyTorch amp");
}

TEST_CASE("Tables 3 and 4 of the paper: every row has its network, two are set aside on the TPU") {
  const auto table3 = shared_data("paper/table3_models.csv");
  const auto table4 = shared_data("paper/table4_ablation.csv");
  const Measurements v100 = read_measurements({table3, table4}, {"device=v100"});
  CHECK(v100.rows.size() == 28);
  CHECK(v100.unknown.empty());
  CHECK(v100.set_aside.empty());
  const Measurements tpu = read_measurements({table3, table4}, {"device=tpu_v3"});
  CHECK(tpu.rows.size() == 26);
  REQUIRE(tpu.set_aside.size() == 2);
  CHECK(tpu.set_aside[0].network == "ResNet-50");
  CHECK(tpu.set_aside[1].network == "Inception-v3");
}
