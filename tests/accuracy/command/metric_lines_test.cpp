#include "accuracy/command/metric_lines.h"

#include <string>

#include "tests/catch.h"

using namespace ridgeline;

TEST_CASE("the last line with an accuracy is the result, and each line a point of the curve") {
  const Evaluation result = evaluation_of_lines(
      "loading data\n"
      "{\"step\": 1, \"loss\": 2.5, \"accuracy\": 0.25}\n"
      "a line of the log {not json}\n"
      "  {\"step\": 2, \"loss\": 1.5, \"accuracy\": 0.75, \"images_per_s\": 90}\n"
      "{\"step\": 3, \"lr\": 0.1}\ndone\n");
  CHECK(result.status == TrialStatus::kComplete);
  CHECK(result.accuracy == 0.75);
  CHECK(result.loss == 1.5);
  REQUIRE(result.metrics.size() == 6);
  CHECK(result.metrics[0].epoch == 1);
  CHECK(result.metrics.back().epoch == 3);
  CHECK(result.metrics.back().name == "lr");
}

TEST_CASE("a line that was not ended is no line") {
  CHECK(evaluation_of_lines("{\"accuracy\": 0.5}\n{\"accuracy\": 0.9}").accuracy == 0.5);
}

TEST_CASE("output without an accuracy is a failure that says what would be one") {
  for (const char* output : {"", "accuracy: 0.5\n", "{\"accuracy\": 0.5}", "{\"accuracy\": 0.5\n",
                             "[0.5]\n", "{\"step\": 1}\n"}) {
    INFO(output);
    const Evaluation result = evaluation_of_lines(output);
    CHECK(result.status == TrialStatus::kCrashed);
    CHECK(result.message.find("{\"step\": 1, \"accuracy\": 0.5}") != std::string::npos);
  }
}

TEST_CASE("numbers that are none are a divergence") {
  CHECK(evaluation_of_lines("{\"loss\": NaN, \"accuracy\": 0.1}\n").status ==
        TrialStatus::kDiverged);
  CHECK(evaluation_of_lines("{\"accuracy\": NaN}\n").status == TrialStatus::kDiverged);
  CHECK(evaluation_of_lines("{\"accuracy\": 93.1}\n").status == TrialStatus::kDiverged);
  CHECK(evaluation_of_lines("{\"accuracy\": 93.1}\n").message ==
        "the accuracy is 93.1; valid: a fraction from 0 to 1");
}

TEST_CASE("garbage is a log") {
  std::string garbage("\0\xff{\x01}\n{{{{\n\"\\u\n", 14);
  garbage += "{\"step\": 1e99, \"accuracy\": 0.5}\n{\"step\": 2, \"accuracy\": 0.25}\n";
  CHECK(evaluation_of_lines(garbage).accuracy == 0.25);
}
