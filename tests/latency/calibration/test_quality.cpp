#include "latency/calibration/quality.h"

#include <cmath>

#include "network/published/known_networks.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

std::vector<Sample> samples_of(int batch) {
  std::vector<Measurement> rows;
  for (const char* name : {"resnet18", "resnet50", "mobilenetv2_100", "efficientnet_b0", "vgg11",
                           "mnasnet_100", "densenet121", "resnet34"}) {
    const KnownNetwork& known = find_known_network(name);
    rows.push_back({.network = name,
                    .family = known.family,
                    .device = {},
                    .batch = batch,
                    .precision = Precision::kFp16,
                    .latency_ms = 1,
                    .set_aside = {},
                    .build = [&known] { return known.build(224); }});
  }
  const Hardware device = load_hardware("rtx_3090");
  std::vector<Sample> samples = make_samples(rows, device);
  for (Sample& sample : samples) sample.measured_ms = predicted_ms(sample, device);
  return samples;
}

HeldOut held_out(double oracle, double spearman, double equation1, double power_law) {
  return {{.mape = oracle, .spearman = spearman}, {.mape = equation1}, {.mape = power_law}};
}

FitVerdict judged(const std::vector<Sample>& samples, const HeldOut& agreement) {
  return judge(fit_constants(load_hardware("rtx_3090"), samples), samples, agreement);
}

}  // namespace

TEST_CASE("a calibration below the bar is objected to, by error and by rank") {
  const std::vector<Sample> samples = samples_of(1);
  CHECK(judged(samples, held_out(0.1, 0.9, 0.3, 0.2)).objections.empty());
  CHECK_THAT(join(judged(samples, held_out(1.01, -0.6, 2, 2)).objections),
             Catch::Contains("101.0 %") && Catch::Contains("-0.60"));
  const double nan = std::nan("");
  CHECK(judged(samples, held_out(nan, nan, 1, 1)).objections.size() == 2);
}

TEST_CASE("a baseline that predicts better is named with the key that uses it") {
  const std::vector<Sample> samples = samples_of(1);
  CHECK(judged(samples, held_out(0.1, 0.9, 0.3, 0.2)).remarks.empty());
  CHECK_THAT(join(judged(samples, held_out(0.3, 0.9, 0.3, 0.2)).remarks),
             Catch::Contains("latency.kind to power_law"));
  CHECK_THAT(join(judged(samples, held_out(0.3, 0.9, 0.1, 0.2)).remarks),
             Catch::Contains("latency.kind to whole_network"));
}

TEST_CASE("launches that no row of a small batch shows, and constants at a bound, are named") {
  const HeldOut fine = held_out(0.1, 0.9, 0.3, 0.2);
  CHECK_THAT(join(judged(samples_of(128), fine).remarks), Catch::Contains("launch_us"));
  std::vector<Sample> samples = samples_of(1);
  for (Sample& sample : samples) sample.measured_ms *= 1e6;
  CHECK_THAT(join(judged(samples, fine).remarks), Catch::Contains("is at its bound of"));
}

TEST_CASE("seconds in place of milliseconds are refused, at batch 1 and at batch 128") {
  std::vector<Sample> samples = samples_of(GENERATE(1, 128));
  CHECK_NOTHROW(require_plausible(samples));
  for (Sample& sample : samples) sample.measured_ms *= 1e-3;
  CHECK_THAT(error_of([&] { require_plausible(samples); }), Catch::Contains("are these seconds"));
}

TEST_CASE("a row that is less sure moves a fit by less") {
  std::vector<Sample> samples = samples_of(1);
  const auto moved = [&](double spread) {
    std::vector<Sample> wrong = samples;
    wrong[1].measured_ms *= 1.2;
    wrong[1].spread = spread;
    const Fit fit = fit_constants(load_hardware("rtx_3090"), wrong);
    return fit.predicted_ms(samples[0]) / samples[0].measured_ms - 1;
  };
  const double sure = moved(0), unsure = moved(0.5);
  CHECK(std::abs(unsure) < std::abs(sure));
}
