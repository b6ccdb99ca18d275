#include "core/csv.h"
#include "experiments/paper/findings.h"
#include "experiments/paper/operator_sweep.h"
#include "experiments/paper/reproduction_search.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::paper;
using namespace ridgeline::test;

// What the search of the paper's operators finds by itself, from the oracles and published
// trainings (docs/reproduction.md).

namespace {

std::filesystem::path data_folder() {
  return shared_data("accelnb/accel_nasbench.csv.gz").parent_path().parent_path();
}

SearchOutcome find(const Problem& problem, ControllerKind kind) {
  return search(problem, {.controller = kind, .trials = 1000, .seed = 1});
}

}  // namespace

TEST_CASE("the searched spaces hold the paper's networks") {
  const auto holds = [](const std::string& space_name, const std::string& network) {
    const SearchSpace space = load_space(space_name);
    const Architecture architecture = shipped_architecture(network);
    Architecture again = space.decode(space.encode(architecture));
    again.name = architecture.name;
    return again == architecture;
  };
  for (const char* space : {"efficientnet_x_operators", "efficientnet_x_blocks"}) {
    CHECK(holds(space, "efficientnet_x_b0_tpu"));
    CHECK(holds(space, "efficientnet_x_b0_gpu"));
  }
  for (const char* space : {"efficientnet_activations", "efficientnet_blocks"}) {
    CHECK(holds(space, "efficientnet_b0"));
  }
  CHECK(load_space("efficientnet_x_operators").size() == 131072);
  CHECK(load_space("efficientnet_activations").size() == 512);
}

TEST_CASE("findings of the paper's own networks") {
  const Findings tpu = findings_of(shipped_architecture("efficientnet_x_b0_tpu"));
  CHECK(tpu.fused == std::vector<int>{4, 5});
  CHECK(tpu.swish == std::vector<int>{1, 4, 5});
  CHECK(tpu.swish_exactly_where_fused());
  CHECK(tpu.fused_early());
  CHECK_FALSE(tpu.fused_late());
  CHECK(tpu.space_to_depth);
  CHECK(findings_of(shipped_architecture("efficientnet_x_b0_gpu")).relu_everywhere());
  const Findings b0 = findings_of(shipped_architecture("efficientnet_b0"));
  CHECK_FALSE(b0.swish_exactly_where_fused());
  CHECK_FALSE(b0.relu_everywhere());
}

TEST_CASE("the credits of operators and activations are the steps of Table 4") {
  const CsvTable table = CsvTable::load(shared_data("paper/table4_ablation.csv"));
  const auto tpu = [&](size_t row) { return table.number(row, "top1_tpuv3") / 100; };
  const double x_b0_gpu = table.number(3, "top1_gpuv100") / 100;
  const Table4Credits credits = table4_credits();
  CHECK(credits.space_to_depth == Approx(tpu(1) - tpu(0)));
  CHECK(credits.fused == Approx(tpu(2) - tpu(1)));
  CHECK(credits.swish_early == Approx(tpu(3) - x_b0_gpu));
  CHECK(credits.swish_late == Approx(tpu(2) - tpu(3)));
}

TEST_CASE("the accuracy of the blocks gives Table 4's networks back, and tells held-out networks") {
  const BlockAccuracy accuracy(data_folder());
  INFO(accuracy.description());
  // Computed with NumPy from the same file: least squares of the fuller on the short schedule.
  CHECK(accuracy.quality().slope == Approx(0.909233).margin(1e-5));
  CHECK(accuracy.quality().networks == 117);
  CHECK(accuracy.quality().spearman > 0.95);
  const auto percent = [&](const std::string& name) {
    const Architecture architecture = shipped_architecture(name);
    return 100 * accuracy(architecture, lower(architecture));
  };
  CHECK(percent("efficientnet_b0") == Approx(77.3));
  CHECK(percent("efficientnet_b0_s2d") == Approx(77.5));
  CHECK(percent("efficientnet_b0_s2d_fused") == Approx(77.8));
  CHECK(percent("efficientnet_x_b0_tpu") == Approx(77.4));
  CHECK(percent("efficientnet_x_b0_gpu") == Approx(77.3));
}

namespace {

/// Both controllers find the best of all networks on a device, of which `has_activations` holds.
void check_search(size_t device, const std::string& hardware,
                  bool (Findings::*has_activations)() const) {
  const Bench bench(devices()[device], data_folder());
  REQUIRE(bench.device().hardware == hardware);
  const SearchSpace space = load_space("efficientnet_x_operators");
  const Problem problem = bench.problem(space);
  const Reference reference = reference_sweep(problem, random_starts(problem, 4));
  CHECK(reference.agreeing == reference.starts);
  for (const ControllerKind kind : {ControllerKind::kEvolution, ControllerKind::kReinforce}) {
    const Scored found = find(problem, kind).best;
    const Findings findings = findings_of(found.architecture);
    INFO(enum_name(kind) << ": " << text_of(findings));
    CHECK((findings.*has_activations)());
    CHECK(findings.fused_early());
    CHECK_FALSE(findings.fused_late());
    CHECK(found.reward == reference.best.reward);
  }
}

}  // namespace

TEST_CASE("on V100 the search finds ReLU everywhere and fused MBConv early, not late") {
  check_search(0, "v100", &Findings::relu_everywhere);
}

TEST_CASE("on TPUv3 the search finds swish exactly where convolutions are fused") {
  check_search(1, "tpu_v3", &Findings::swish_exactly_where_fused);
}

TEST_CASE("fused early and not late does not depend on how Table 4's steps are divided") {
  const auto data = data_folder();
  const SearchSpace space = load_space("efficientnet_x_operators");
  for (const Device& device : devices()) {
    for (const Assumptions& assumptions :
         {Assumptions{FusedCredit::kCapped, SwishCredit::kPerLayer},
          Assumptions{FusedCredit::kFlat, SwishCredit::kPerLayer},
          Assumptions{FusedCredit::kLogMadds, SwishCredit::kPerPlace}}) {
      const Bench bench(device, data, assumptions);
      const Problem problem = bench.problem(space);
      const Findings findings =
          findings_of(reference_sweep(problem, random_starts(problem, 2)).best.architecture);
      INFO(device.title << ": " << text_of(findings));
      CHECK(findings.fused_early());
      CHECK_FALSE(findings.fused_late());
    }
  }
}

TEST_CASE("of the activations of EfficientNet-B0 nothing is better than ReLU but a free head") {
  const auto data = data_folder();
  const SearchSpace space = load_space("efficientnet_activations");
  for (const Device& device : devices()) {
    const Bench bench(device, data);
    const Problem problem = bench.problem(space);
    const Sweep sweep = sweep_all(problem, {space.encode(efficientnet_b0_relu())}, 1);
    const Scored& best = sweep.best[0];
    const Scored& relu = sweep.chosen[0].scored;
    INFO(device.title << ": " << text_of(findings_of(best.architecture)));
    CHECK(sweep.networks == 512);
    CHECK(best.reward <= relu.reward * 1.001);
    for (const Stage& stage : best.architecture.stages) {
      CHECK(stage.activation == ActivationKind::kRelu);
    }
    if (device.hardware == "v100") CHECK(sweep.chosen[0].rank == 1);
  }
}

TEST_CASE(
    "with free blocks EfficientNet-B0 with ReLU is not the best, as measured devices say too") {
  const auto data = data_folder();
  const SearchSpace space = load_space("efficientnet_blocks");
  for (const Device& device : devices()) {
    INFO(device.title);
    const Bench bench(device, data);
    const Problem problem = bench.problem(space);
    const Scored relu = problem.score(space.encode(efficientnet_b0_relu()));
    const Scored found = search(problem, {ControllerKind::kEvolution, 2000, 1}).best;
    CHECK(found.accuracy > relu.accuracy - 0.01);
    CHECK(found.latency_ms < 0.7 * relu.latency_ms);
    for (const MeasuredRatio& measured :
         measured_ratios(data, relu.architecture, found.architecture)) {
      INFO(measured.device);
      CHECK(measured.ratio > 1.5);
    }
  }
}

TEST_CASE("a search depends on its seed alone") {
  const Bench bench(devices()[0], data_folder());
  const SearchSpace space = load_space("efficientnet_x_blocks");
  const Problem problem = bench.problem(space);
  const SearchPlan plan = {ControllerKind::kEvolution, 200, 7};
  const Scored first = search(problem, plan).best, again = search(problem, plan).best;
  CHECK(first.genotype == again.genotype);
  CHECK(first.reward == again.reward);
}
