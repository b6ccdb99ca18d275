#include "latency/calibration/fit.h"

#include <omp.h>

#include <algorithm>
#include <cmath>

#include "latency/calibration/provenance.h"
#include "latency/calibration/validation.h"
#include "latency/power_law.h"
#include "latency/roofline.h"
#include "network/published/known_networks.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

Hardware planted_device() {
  Hardware hardware = load_hardware("v100");
  EffectiveConstants& constants = hardware.constants;
  constants.matrix_efficiency = 0.6;
  constants.half_reduction = 100;
  constants.half_outputs = 90;
  constants.bandwidth_fraction = 0.65;
  constants.depthwise_fraction = 0.3;
  constants.pooling_fraction = 0.4;
  constants.swish_passes = 4;
  constants.overhead_us = 6;
  return hardware;
}

Measurement measured(const std::string& name, int resolution, int batch) {
  const KnownNetwork& known = find_known_network(name);
  return {.network = name,
          .family = known.family,
          .device = {},
          .batch = batch,
          .precision = Precision::kFp16,
          .latency_ms = 1,
          .set_aside = {},
          .build = [&known, resolution] { return known.build(resolution); }};
}

/// What `hardware` would have taken for a varied set of networks.
std::vector<Sample> planted_samples(const Hardware& hardware) {
  std::vector<Measurement> rows;
  for (const char* name : {"efficientnet_b0", "efficientnet_b2", "resnet18", "resnet50",
                           "mobilenetv2_100", "mobilenetv3_large_100", "mnasnet_100", "vgg11"}) {
    for (const int batch : {1, 16, 128})
      rows.push_back(measured(name, batch == 16 ? 256 : 224, batch));
  }
  std::vector<Sample> samples = make_samples(rows, hardware);
  for (Sample& sample : samples) sample.measured_ms = predicted_ms(sample, hardware);
  return samples;
}

double error_of_prediction(const Hardware& hardware, const std::vector<Sample>& samples) {
  std::vector<double> predicted;
  for (const Sample& sample : samples) predicted.push_back(predicted_ms(sample, hardware));
  return agreement(samples, predicted).mape;
}

}  // namespace

TEST_CASE("a calibration finds the constants that made the measurements") {
  const Hardware truth = planted_device();
  const std::vector<Sample> samples = planted_samples(truth);
  const Fit fit =
      fit_constants(load_hardware("v100"), samples, {.noise = 0.01, .prior_weight = 0.1});
  CHECK(error_of_prediction(fit.hardware, samples) < 0.005);
  CHECK(fit.hardware.constants.overhead_us == Approx(6).epsilon(0.1));
  CHECK(fit.hardware.constants.depthwise_fraction == Approx(0.3).epsilon(0.1));
  CHECK(fit.hardware.constants.swish_passes == Approx(4).epsilon(0.1));
  CHECK(fit.hardware.constants.bandwidth_fraction == Approx(0.65).epsilon(0.1));
}

TEST_CASE("a depthwise kernel that computes longer than it streams is found") {
  Hardware truth = planted_device();
  truth.constants.depthwise_vector_share = 12;
  const std::vector<Sample> samples = planted_samples(truth);
  const Fit fit =
      fit_constants(load_hardware("v100"), samples, {.noise = 0.01, .prior_weight = 0.1});
  CHECK(error_of_prediction(fit.hardware, samples) < 0.005);
  CHECK(fit.hardware.constants.depthwise_vector_share == Approx(12).epsilon(0.1));
}

TEST_CASE("dense 3x3 convolutions with stride 1 have a rate of their own in fp32 only") {
  Hardware truth = planted_device();
  truth.constants.winograd_gain = 1.8;
  std::vector<Measurement> rows;
  for (const char* name : {"vgg11", "resnet18", "resnet34", "resnet50", "mobilenetv2_100",
                           "mnasnet_100", "efficientnet_b0", "densenet121"}) {
    rows.push_back(measured(name, 224, 64));
    rows.back().precision = Precision::kFp32;
  }
  std::vector<Sample> samples = make_samples(rows, truth);
  for (Sample& sample : samples) sample.measured_ms = predicted_ms(sample, truth);
  const Fit fit =
      fit_constants(load_hardware("v100"), samples, {.noise = 0.01, .prior_weight = 0.1});
  CHECK(fit.hardware.constants.winograd_gain == Approx(1.8).epsilon(0.1));
  for (Sample& sample : samples) sample.precision = Precision::kFp16;
  Hardware without = truth;
  without.constants.winograd_gain = 1;
  for (const Sample& sample : samples)
    CHECK(predicted_ms(sample, truth) == predicted_ms(sample, without));
  for (const Parameter& parameter : free_parameters(truth, samples))
    CHECK(parameter.name != "winograd_gain");
}

TEST_CASE("a CPU has constants of its own, which a calibration finds") {
  Hardware truth = planted_device();
  truth.matrix.fp16 = truth.matrix.fp32;
  truth.software.fold_batch_norm = false;
  truth.software.fuse_relu = false;
  truth.software.cpu_kernels = true;
  truth.constants.weight_passes = 5;
  truth.constants.weight_rereads = 0.5;
  truth.constants.exposed_share = 0.6;
  const std::vector<Sample> samples = planted_samples(truth);
  const Fit fit = fit_constants(truth, samples, {.noise = 0.01, .prior_weight = 0.1});
  CHECK(error_of_prediction(fit.hardware, samples) < 0.01);
  CHECK(fit.hardware.constants.weight_rereads == Approx(0.5).epsilon(0.1));
  for (const FittedConstant& constant : fit.constants)
    CHECK(constant.parameter.name != "launch_us");  // the host is the device
}

TEST_CASE("sessions of a slower host do not make the device slower") {
  Hardware truth = load_hardware("tpu_v3");
  truth.constants.input_us = 60;
  std::vector<Measurement> rows;
  for (const char* name :
       {"efficientnet_b0", "efficientnet_b1", "efficientnet_b2", "efficientnet_b4", "resnet18",
        "resnet50", "mobilenetv2_100", "mnasnet_100"}) {
    for (const std::string session : {"first", "first too", "slow host"}) {
      rows.push_back(measured(name, session == "first too" ? 192 : 224, 128));
      rows.back().precision = Precision::kBf16;
      rows.back().session = session == "slow host" ? session : "first";
    }
  }
  std::vector<Sample> samples = make_samples(rows, truth);
  for (Sample& sample : samples) {
    sample.measured_ms = predicted_ms(sample, truth, sample.session == "slow host" ? 1.5 : 1);
  }
  const Fit fit =
      fit_constants(load_hardware("tpu_v3"), samples, {.noise = 0.01, .prior_weight = 0.1});
  CHECK(fit.hardware.constants.input_us == Approx(60).epsilon(0.03));
  REQUIRE(fit.supplies.size() == 1);
  CHECK(fit.supplies.at("slow host") == Approx(1.5).epsilon(0.03));
  for (const Sample& sample : samples)
    CHECK(fit.predicted_ms(sample) == Approx(sample.measured_ms).epsilon(0.03));
  // Of a session that the fit has not seen, as of the one with most rows.
  Sample other = samples[0];
  other.session = "another";
  CHECK(fit.predicted_ms(other) == fit.predicted_ms(samples[0]));
}

TEST_CASE("the sample's price is the oracle's") {
  for (const char* name : {"v100", "tpu_v3", "a100", "rtx_3090"}) {
    const Hardware hardware = load_hardware(name);
    Measurement row = measured("efficientnet_b0", 224, 32);
    row.precision = hardware.default_precision;
    const std::vector<Sample> samples = make_samples({row}, hardware);
    const double oracle = RooflineOracle(hardware, 32, row.precision).estimate(row.build()).ms;
    CAPTURE(name);
    CHECK(predicted_ms(samples[0], hardware) == Approx(oracle));
  }
}

TEST_CASE("a fit does not depend on what the hardware file held before, and repeats to the bit") {
  const std::vector<Sample> samples = planted_samples(planted_device());
  Hardware other = load_hardware("v100");
  other.constants.matrix_efficiency = 0.05;
  other.constants.swish_passes = 50;
  const Fit a = fit_constants(load_hardware("v100"), samples);
  const Fit b = fit_constants(other, samples);
  REQUIRE(a.constants.size() == b.constants.size());
  for (size_t i = 0; i < a.constants.size(); ++i)
    CHECK(a.constants[i].value == b.constants[i].value);
}

TEST_CASE("a calibration and its held-out errors are the same on any number of threads") {
  const std::vector<Sample> samples = planted_samples(planted_device());
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const Validation one = validate(load_hardware("v100_pytorch"), samples);
  omp_set_num_threads(3);
  const Validation three = validate(load_hardware("v100_pytorch"), samples);
  omp_set_num_threads(threads);
  REQUIRE(one.fit.constants.size() == three.fit.constants.size());
  for (size_t i = 0; i < one.fit.constants.size(); ++i)
    CHECK(one.fit.constants[i].value == three.fit.constants[i].value);
  CHECK(one.in_sample == three.in_sample);
  CHECK(one.held_out == three.held_out);
}

TEST_CASE("one absurd row moves a robust fit by little, and is flagged") {
  const Hardware truth = planted_device();
  std::vector<Sample> samples = planted_samples(truth);
  const std::vector<Sample> sound = samples;
  samples[7].measured_ms *= 3;
  const Validation validation = validate(load_hardware("v100"), samples);
  CHECK(error_of_prediction(validation.fit.hardware, sound) < 0.06);
  const std::vector<FlaggedRow> flagged = flag_rows(samples, validation.in_sample);
  REQUIRE_FALSE(flagged.empty());
  for (const FlaggedRow& row : flagged) CHECK(row.sample == 7);
}

TEST_CASE("of two networks of a family the smaller may not be slower") {
  std::vector<Sample> samples = make_samples(
      {measured("inception_v3", 299, 8), measured("inception_v4", 299, 8)}, load_hardware("v100"));
  samples[0].measured_ms = 104.8;
  samples[1].measured_ms = 75.1;
  const std::vector<FlaggedRow> flagged = flag_rows(samples, {104.8, 75.1});
  REQUIRE(flagged.size() == 1);
  CHECK(flagged[0].sample == 0);
  CHECK_THAT(flagged[0].why, Catch::Contains("than inception_v4 and slower"));
}

TEST_CASE("a row is contradicted once, by the fastest larger network of its own session") {
  std::vector<Sample> samples =
      make_samples({measured("resnet18", 224, 8), measured("resnet34", 224, 8),
                    measured("resnet50", 224, 8), measured("resnet101", 224, 8)},
                   load_hardware("v100"));
  const std::vector<double> ms = {12, 9, 8, 30};
  for (size_t i = 0; i < samples.size(); ++i) samples[i].measured_ms = ms[i];
  const std::vector<FlaggedRow> flagged = flag_rows(samples, ms);
  REQUIRE(flagged.size() == 2);
  CHECK(flagged[0].sample == 0);
  CHECK_THAT(flagged[0].why, Catch::Contains("than resnet50 and slower"));
  CHECK(flagged[1].sample == 1);
  samples[2].session = "another host";
  const std::vector<FlaggedRow> apart = flag_rows(samples, ms);
  REQUIRE(apart.size() == 1);
  CHECK_THAT(apart[0].why, Catch::Contains("than resnet34 and slower"));
}

TEST_CASE("a part of the rows is fitted, and the others are predicted") {
  const Hardware truth = planted_device();
  const std::vector<Sample> samples = planted_samples(truth);
  const Split split = validate_split(load_hardware("v100"), samples, 16);
  CHECK(split.seen.size() == 16);
  CHECK(split.unseen.size() == samples.size() - 16);
  CHECK(split.predicted.size() == split.unseen.size());
  CHECK(split.oracle.mape < 0.1);
  CHECK(split.oracle.mape < split.equation1.mape);
  const Split again = validate_split(load_hardware("v100"), samples, 16);
  CHECK(again.predicted == split.predicted);
  Measurements measurements;
  measurements.source = "mine.csv";
  CHECK_THAT(provenance(measurements, split),
             Catch::StartsWith("Fitted by `ridgeline calibrate` on 16 rows of") &&
                 Catch::Contains("drawn from mine.csv") && Catch::Contains("of the other 8 rows"));
  CHECK_THAT(error_of([&] { validate_split(load_hardware("v100"), samples, samples.size() - 1); }),
             Catch::Contains("23 rows to fit leave"));
}

TEST_CASE("a power law that made the measurements is found, and the oracle of its name says it") {
  std::vector<Sample> samples = planted_samples(planted_device());
  EffectiveConstants law;
  law.power_law_ms = 0.7;
  law.power_law_flops = 0.4;
  law.power_law_activations = 0.5;
  for (Sample& sample : samples)
    sample.measured_ms = power_law_ms(law, sample.flops, sample.activations);
  Hardware found = load_hardware("v100");
  set_power_law(samples, found.constants);
  CHECK(found.constants.power_law_ms == Approx(0.7).epsilon(1e-3));
  CHECK(found.constants.power_law_flops == Approx(0.4).epsilon(1e-3));
  CHECK(found.constants.power_law_activations == Approx(0.5).epsilon(1e-3));
  const Latency latency =
      PowerLawOracle(found, samples[0].batch).estimate(load_network(samples[0].network));
  CHECK(latency.method == "power_law");
  CHECK(latency.ms == Approx(samples[0].measured_ms).epsilon(1e-3));
  found.constants.power_law_ms = 0;
  CHECK_THAT(error_of([&] { PowerLawOracle(found, 1); }), Catch::Contains("ridgeline calibrate"));
}

TEST_CASE("a power law of two networks at several batch sizes predicts a third within reason") {
  std::vector<Sample> samples = planted_samples(planted_device());
  // Their FLOPs per activation differ by 2 %: rows alone would give exponents of some hundred.
  const std::vector<Sample> seen = {samples[9], samples[10], samples[11], samples[9], samples[10]};
  std::vector<Sample> pair = seen;
  for (size_t i : {3, 4}) {
    pair[i].flops *= 1.02;
    pair[i].measured_ms *= 1.3;
  }
  const std::vector<double> predicted = predict_baseline(Baseline::kPowerLaw, pair, samples);
  for (size_t i = 0; i < samples.size(); ++i) {
    CHECK(predicted[i] < 20 * samples[i].measured_ms);
    CHECK(predicted[i] > samples[i].measured_ms / 20);
  }
}

TEST_CASE("what a policy decides or no row shows is not fitted") {
  const auto names = [](const Hardware& hardware, const std::vector<Sample>& samples) {
    std::vector<std::string> result;
    for (const Parameter& parameter : free_parameters(hardware, samples)) {
      result.push_back(parameter.name);
    }
    return result;
  };
  const auto has = [](const std::vector<std::string>& all, const std::string& name) {
    return std::find(all.begin(), all.end(), name) != all.end();
  };
  const Hardware v100 = load_hardware("v100"), tpu = load_hardware("tpu_v3"),
                 eager = load_hardware("rtx_3090");
  const std::vector<Measurement> rows = {measured("vgg11", 224, 1)};
  std::vector<Measurement> swish = {measured("efficientnet_b0", 224, 1)};
  CHECK_FALSE(has(names(v100, make_samples(rows, v100)), "swish_passes"));
  CHECK_FALSE(has(names(v100, make_samples(rows, v100)), "launch_us"));
  CHECK(has(names(v100, make_samples(swish, v100)), "swish_passes"));
  CHECK_FALSE(has(names(v100, make_samples(swish, v100)), "batch_norm_passes"));
  CHECK(has(names(eager, make_samples(swish, eager)), "batch_norm_passes"));
  CHECK(has(names(eager, make_samples(swish, eager)), "launch_us"));
  for (Measurement& row : swish) row.precision = Precision::kBf16;
  CHECK(has(names(tpu, make_samples(swish, tpu)), "swish_ps"));
  CHECK_FALSE(has(names(tpu, make_samples(swish, tpu)), "swish_passes"));
  CHECK_FALSE(has(names(tpu, make_samples(swish, tpu)), "grouped_traffic"));
}

TEST_CASE("too few rows for the constants are refused with how many are needed") {
  const Hardware v100 = load_hardware("v100");
  const std::vector<Sample> samples = make_samples({measured("efficientnet_b0", 224, 1)}, v100);
  CHECK_THAT(error_of([&] { fit_constants(v100, samples); }),
             Catch::Contains("1 rows for 9 constants; at least 5 are needed"));
}

TEST_CASE(
    "the calibrated file reads back, says where it comes from, and predicts what was fitted") {
  const std::vector<Sample> samples = planted_samples(planted_device());
  const Validation validation = validate(load_hardware("v100"), samples);
  Measurements measurements;
  measurements.source = "mine.csv";
  const std::string text = calibrated_file(measurements, samples, validation, "mine");
  const Hardware hardware = hardware_from_yaml(YamlView::parse(text, "mine.yaml"));
  CHECK(hardware.name == "mine");
  CHECK(hardware.holds_for.smallest_batch == 1);
  CHECK(hardware.holds_for.largest_batch == 128);
  CHECK(hardware.holds_for.precision == Precision::kFp16);
  CHECK_THAT(
      hardware.constants.source,
      Catch::StartsWith("Fitted by `ridgeline calibrate` on mine.csv, 24 rows of 6 families."));
  for (size_t i = 0; i < samples.size(); ++i) {
    CHECK(predicted_ms(samples[i], hardware) == Approx(validation.in_sample[i]).epsilon(0.002));
  }
}
