#include "latency/measurement/make_oracle.h"

#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

TEST_CASE("the factory makes the oracle that the configuration names") {
  LatencyConfig config;
  config.hardware = "v100";
  config.batch = 4;
  CHECK(make_oracle(config)->description() == "v100, batch 4, fp16, roofline");
  config.kind = LatencyKind::kWholeNetwork;
  config.precision = Precision::kFp32;
  CHECK(make_oracle(config)->description() == "v100, batch 4, fp32, whole_network");
  config.precision = Precision::kTf32;
  CHECK_THAT(error_of([&] { make_oracle(config); }),
             Catch::Equals("hardware v100: no peak rate for tf32; valid precisions: fp32, fp16"));
}
