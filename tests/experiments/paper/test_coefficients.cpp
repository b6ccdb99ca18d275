#include <cmath>

#include "core/config_path.h"
#include "core/csv.h"
#include "core/file.h"
#include "experiments/paper/coefficients.h"
#include "experiments/paper/reproduction.h"
#include "experiments/paper/table6.h"
#include "latency/roofline.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::paper;
using namespace ridgeline::test;

namespace {

Architecture x_b0() {
  return load_architecture(find_config("architectures", "efficientnet_x_b0_gpu"));
}

std::vector<double> column(const CsvTable& table, const std::string& name) {
  std::vector<double> values;
  for (size_t row = 0; row < table.rows(); ++row) values.push_back(table.number(row, name));
  return values;
}

}  // namespace

TEST_CASE("Table 6 as printed is that of the shared data") {
  const CsvTable table = CsvTable::load(shared_data("paper/table6_family_dims.csv"));
  const auto same = [&](const Table6Column& ours, const std::string& suffix) {
    INFO(suffix);
    const auto depths = column(table, "depth_" + suffix), sides = column(table, "res_" + suffix);
    REQUIRE(ours.printed.size() == depths.size());
    for (size_t i = 0; i < depths.size(); ++i) {
      CHECK(ours.printed[i].depth == depths[i]);
      CHECK(ours.printed[i].resolution == sides[i]);
    }
  };
  same(table6_single(), "single");
  same(table6_gpu(), "lacs_gpu");
  same(table6_tpu(), "lacs_tpu");
}

TEST_CASE("one rule gives the numbers of Table 6 but two, and all with fitted phi") {
  CHECK(equal_numbers(single_objective_dimensions(), table6_single()) == 16);
  CHECK(equal_numbers(dimensions_by_rule(table6_gpu_coefficients()), table6_gpu()) == 16);
  const auto tpu = dimensions_by_rule(table6_tpu_coefficients());
  CHECK(equal_numbers(tpu, table6_tpu()) == 14);
  CHECK(tpu[1] == PrintedDimensions{17, 230});  // printed 229
  CHECK(tpu[3] == PrintedDimensions{26, 262});  // printed 263
  const std::vector<double> fitted = fitted_phis();
  for (size_t level = 0; level < fitted.size(); ++level) {
    INFO("X-B" << level);
    CHECK(dimensions_at(table6_gpu_coefficients(), fitted[level]) == table6_gpu().printed[level]);
    CHECK(dimensions_at(table6_tpu_coefficients(), fitted[level]) == table6_tpu().printed[level]);
  }
}

TEST_CASE("phi and Table 5's X-B7 are as worked out by hand") {
  const std::vector<double> phis = level_phis();
  const std::vector<double> expected = {0, 0.3366, 0.9681, 1.8544, 3.3439, 4.5447, 5.5486, 6.4752};
  for (size_t i = 0; i < expected.size(); ++i) CHECK(phis[i] == Approx(expected[i]).margin(1e-4));
  CHECK(dimensions_at({1.27, 1.16, 1.08}, phis[7]) == PrintedDimensions{75, 368});
  CHECK(dimensions_at({1.28, 1.17, 1.07}, phis[7]) == PrintedDimensions{79, 347});  // printed 350
}

TEST_CASE("the accuracies of the scaling fit are those of Table 3") {
  const CsvTable table = CsvTable::load(shared_data("paper/table3_models.csv"));
  int found = 0;
  for (size_t row = 0; row < table.rows(); ++row) {
    for (const ScalingPoint& point : published_scaling()) {
      if (table.text(row, "model") != point.name) continue;
      CHECK(table.number(row, "top1") == point.top1_percent);
      ++found;
    }
  }
  CHECK(found == 8);
}

TEST_CASE("the scaling fit agrees with an independent one and predicts trainings left out") {
  const ScalingAccuracy accuracy;
  INFO(accuracy.description());
  // A random search of the same form in NumPy: shares 0.327, 0.316, 0.358.
  CHECK(accuracy.constants().depth == Approx(0.327).margin(0.015));
  CHECK(accuracy.constants().width == Approx(0.316).margin(0.015));
  CHECK(accuracy.constants().resolution == Approx(0.358).margin(0.015));
  CHECK(held_out_scaling_error() < 0.5);
}

TEST_CASE("the scaling fit finds planted constants") {
  const Architecture b0 = load_architecture(find_config("architectures", "efficientnet_b0"));
  std::vector<ScalingPoint> points = published_scaling();
  for (ScalingPoint& point : points) {
    const ScalingFactors f = built_factors(b0, scale(b0, point.factors));
    const double p = 2.0, k = 1.0, b = 0.6;
    const double ces = std::pow(0.5 * std::pow(f.depth, -p) + 0.2 * std::pow(f.width, -p) +
                                    0.3 * std::pow(f.resolution, -p),
                                -1 / p);
    point.top1_percent = 100 * (1 - 0.227 * std::exp(-b * (1 - std::pow(ces, -k))));
  }
  const ScalingAccuracy fit(points);
  INFO(fit.description());
  CHECK(fit.constants().depth == Approx(0.5).margin(0.01));
  CHECK(fit.constants().width == Approx(0.2).margin(0.01));
  for (const ScalingPoint& point : points) {
    CHECK(fit.predicted_percent(built_factors(b0, scale(b0, point.factors))) ==
          Approx(point.top1_percent).margin(0.02));
  }
}

TEST_CASE("factors of a network as built: EfficientNet-B1 has 23 layers of 16") {
  const Architecture b0 = load_architecture(find_config("architectures", "efficientnet_b0"));
  const ScalingFactors built = built_factors(b0, scale(b0, {1.1, 1.0, 240.0 / 224}));
  CHECK(built.depth == Approx(23.0 / 16));
  CHECK(built.width == 1);
  CHECK(built.resolution == Approx(240.0 / 224));
}

TEST_CASE("latency without rounding equals the oracle where nothing is rounded") {
  const Architecture base = x_b0();
  const RooflineOracle oracle(load_hardware("v100"), 128);
  const SmoothLatency latency(base, oracle);
  Architecture scaled = base;
  CHECK(latency({1, 1, 1}) == Approx(oracle.estimate(lower(base)).ms));
  scaled.resolution = 256;
  for (Stage& stage : scaled.stages) {
    stage.layers *= 2;
    stage.filters = stage.filters * 3 / 2;
  }
  scaled.stem.filters = 48;
  scaled.head.filters = 1920;
  const double ms = oracle.estimate(lower(scaled)).ms;
  const ScalingFactors factors = {2, 1.5, 256.0 / 224};
  CHECK(latency(factors) == Approx(ms).epsilon(1e-6));
  CHECK(latency.depth_at(ms, factors.width, factors.resolution) == Approx(2).epsilon(1e-6));
}

TEST_CASE("the best scaling at a latency is the planted one") {
  // One dimension alone limits the accuracy: with a high p the smallest factor counts, so that the
  // best has all three equal.
  const Architecture b0 = load_architecture(find_config("architectures", "efficientnet_b0"));
  std::vector<ScalingPoint> points = published_scaling();
  for (ScalingPoint& point : points) {
    const ScalingFactors f = built_factors(b0, scale(b0, point.factors));
    const double p = 20;
    const double ces = std::pow(
        (std::pow(f.depth, -p) + std::pow(f.width, -p) + std::pow(f.resolution, -p)) / 3, -1 / p);
    point.top1_percent = 100 * (1 - 0.227 * std::exp(-0.5 * (1 - 1 / ces)));
  }
  const ScalingAccuracy accuracy(points);
  const Architecture base = x_b0();
  const RooflineOracle oracle(load_hardware("v100"), 128);
  const SmoothLatency latency(base, oracle);
  const double target_ms = latency({1.2, 1.2, 1.2});
  const IsoLatency best = best_at_latency(latency, accuracy, 0.773, target_ms);
  CHECK(best.best.depth == Approx(1.2).margin(0.06));
  CHECK(best.best.width == Approx(1.2).margin(0.06));
  CHECK(best.best.resolution == Approx(1.2).margin(0.06));
  CHECK(latency(best.best) == Approx(target_ms));
  CHECK(best.plateau_low.depth <= best.best.depth);
  CHECK(best.plateau_high.depth >= best.best.depth);
}

TEST_CASE("at phi = 1 the published coefficients are on our plateau") {
  // Not evidence for them: the plateau is wide and rests on four trainings (docs/reproduction.md).
  const ScalingAccuracy accuracy;
  for (const Device& device : devices()) {
    INFO(device.title);
    const RooflineOracle oracle(load_hardware(device.hardware), 128);
    const Architecture base =
        load_architecture(find_config("architectures", "efficientnet_x_b0_" + device.target));
    const SmoothLatency latency(base, oracle);
    const ScalingFactors paper = device.target == "gpu" ? ScalingFactors{1.28, 1.17, 1.07}
                                                        : ScalingFactors{1.25, 1.17, 1.09};
    const IsoLatency best = best_at_latency(latency, accuracy, 0.773, latency(paper));
    CHECK(best.accuracy - accuracy.scaled(0.773, paper) < 0.001);
    // Latency makes resolution dear: 1.95 and 1.90 against 2 of the multiply-adds, width 1 and 1.2.
    CHECK(elasticities(latency).width < 1.5);
    CHECK(elasticities(latency).resolution > 1.7);
  }
}

TEST_CASE("LACS on rounded networks meets its target and scores each network once") {
  const Architecture base = x_b0();
  const RooflineOracle oracle(load_hardware("v100"), 128);
  const ScalingAccuracy scaling;
  const double target_ms = 1.8 * oracle.estimate(lower(base)).ms;
  const LacsFamily family = run_lacs({.base = base,
                                      .oracle = oracle,
                                      .accuracy = scaled_accuracy(base, 0.773, scaling),
                                      .target_ms = target_ms,
                                      .family = {0, 1}});
  CHECK(family.at_target.latency_ms == Approx(target_ms).epsilon(0.03));
  CHECK(family.at_target.accuracy > 0.773);
  REQUIRE(family.members.size() == 2);
  CHECK(family.members[0].architecture == base);
  CHECK(family.members[0].accuracy == Approx(0.773));
  CHECK(family.members[1].architecture == family.at_target.architecture);
}

TEST_CASE("docs/reproduction.md has the tables and figures as they are") {
  const std::string page = read_file(source_folder() / "docs/reproduction.md");
  CHECK(contains(page, tables_section()));
}

TEST_CASE("docs/reproduction.md has the coefficients as they are") {
  const std::string page = read_file(source_folder() / "docs/reproduction.md");
  CHECK(contains(page, coefficients_section()));
}

TEST_CASE("docs/reproduction.md has the searches as they are", "[training]") {
  const auto data = shared_data("accelnb/accel_nasbench.csv.gz").parent_path().parent_path();
  const std::string page =
      without_policy_gradient(read_file(source_folder() / "docs/reproduction.md"));
  CHECK(contains(page, search_section(data, false, [](const std::string&) {})));
}
