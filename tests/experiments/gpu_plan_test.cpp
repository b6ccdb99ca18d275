#include "experiments/executors/gpu_plan.h"

#include "experiments/devices.h"
#include "experiments/executors/trial_process.h"
#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Texts = std::vector<std::string>;

namespace {

/// A local search that trains on GPUs.
ExperimentConfig on_gpus(const std::string& device, int workers) {
  ExperimentConfig config = small_config();
  config.accuracy.kind = AccuracyKind::kProxy;
  config.accuracy.training.device = device;
  config.runtime.executor = ExecutorKind::kLocal;
  config.runtime.workers = workers;
  return config;
}

void measure_on(LatencyConfig& latency, const std::string& device) {
  latency.kind = LatencyKind::kMeasured;
  latency.measured.device = device;
}

}  // namespace

TEST_CASE("workers take the GPUs in turn, as many each as a trial has processes") {
  const Texts gpus = {"4", "7", "GPU-ab"};
  CHECK(gpus_of_slot(gpus, 0, 1) == Texts{"4"});
  CHECK(gpus_of_slot(gpus, 2, 1) == Texts{"GPU-ab"});
  CHECK(gpus_of_slot(gpus, 3, 1) == Texts{"4"});  // several workers on a GPU
  CHECK(gpus_of_slot(gpus, 0, 2) == Texts{"4", "7"});
  CHECK(gpus_of_slot(gpus, 1, 2) == Texts{"GPU-ab", "4"});
  CHECK(error_of([&] { gpus_of_slot(gpus, 0, 4); }) ==
        "accuracy.training.processes: is 4, but runtime.gpus gives 3 GPUs; each process needs its "
        "own");
}

TEST_CASE("a trial's part of a GPU is counted from the trials that may be there with it") {
  GpuPlan plan{.gpus = {"0", "1"}, .workers = 2};
  CHECK(plan.processes_beside(0) == 1);
  plan.workers = 3;  // slots 0 and 2 share GPU 0
  CHECK(plan.processes_beside(0) == 2);
  CHECK(plan.processes_beside(1) == 1);
  CHECK(plan.processes_beside(2) == 2);
  plan.measuring = {"1"};
  CHECK(plan.processes_beside(1) == 2);
  CHECK(plan.measured_of_slot(1) == "1");
  CHECK(plan.measured_of_slot(0).empty());
  CHECK(plan.trials_beside(1) == 1);
  const GpuPlan cpu{.workers = 8};
  CHECK(cpu.processes_beside(3) == 1);
  const GpuPlan pairs{.gpus = {"0", "1", "2"}, .processes = 2, .workers = 3};
  CHECK(pairs.slots_overlap(0, 1));  // 0 1, then 2 0
  CHECK(pairs.trials_beside(0) == 2);
}

TEST_CASE("a slot is free unless its GPU is kept for a trial that must be alone") {
  const GpuPlan plan{.gpus = {"0", "1"}, .workers = 4};
  CHECK(plan.free_slot({}, {}) == 0);
  CHECK(plan.free_slot({0, 1}, {}) == 2);
  CHECK(plan.free_slot({}, {0}) == 1);   // GPU 0 is kept
  CHECK(plan.free_slot({1}, {2}) == 3);  // likewise
  CHECK_FALSE(plan.free_slot({1, 3}, {0}));
  CHECK_FALSE(plan.free_slot({}, {0, 1}));
}

TEST_CASE("the plan takes the GPUs that are given, those that are seen, or the one that is named") {
  ExperimentConfig config = on_gpus("cuda", 2);
  CHECK(gpu_plan(config, {"3", "5"}).gpus == Texts{"3", "5"});
  config.runtime.gpus = Texts{"5"};
  const GpuPlan given = gpu_plan(config, {"3", "5"});
  CHECK(given.gpus == Texts{"5"});
  CHECK(given.chosen);
  CHECK(given.trials_beside(0) == 2);
  const GpuPlan named = gpu_plan(on_gpus("cuda:1", 3), {"3", "5"});
  CHECK(named.gpus == Texts{"5"});
  CHECK_FALSE(named.chosen);
  CHECK(named.trials_beside(2) == 3);
  CHECK(gpu_plan(on_gpus("cpu", 3), {"3"}).gpus.empty());
  config.runtime.executor = ExecutorKind::kSlurm;
  CHECK(gpu_plan(config, {}).gpus.empty());
  CHECK(gpu_plan(on_gpus("cuda", 1), {}).gpus.empty());
  config = on_gpus("cuda", 1);
  config.runtime.gpus = Texts{};
  CHECK_THAT(error_of([&] { gpu_plan(config, {"0"}); }), Catch::Contains("gives 0 GPUs"));
}

TEST_CASE("the plan knows the GPUs on which the search measures beside its trials") {
  ExperimentConfig config = on_gpus("cuda", 2);
  CHECK(gpu_plan(config, {"3", "5"}).measuring.empty());
  measure_on(config.latency, "cuda:1");
  CHECK(gpu_plan(config, {"3", "5"}).measuring == Texts{"5"});
  config.runtime.gpus = Texts{"3"};  // the other is left to the measurements
  CHECK(gpu_plan(config, {"3", "5"}).measuring.empty());
  CHECK(measured_gpu(config.latency, {"3", "5"}) == "5");
  CHECK(measured_gpu(LatencyConfig{}, {"3"}).empty());
}

TEST_CASE("trials of several processes cannot stand still for a measurement") {
  ExperimentConfig config = on_gpus("cuda", 1);
  config.accuracy.training.processes = 2;
  measure_on(config.latency, "cuda");
  CHECK(gpu_plan(config, {"0", "1"}).measuring == Texts{"0"});
  config.search.mode = SearchMode::kAsynchronous;
  CHECK(error_of([&] {
          gpu_plan(config, {"0", "1"});
        }) ==
        "latency: an asynchronous search cannot measure on GPU 0, where trials of 2 processes "
        "train; leave that GPU out of runtime.gpus, or set search.mode: synchronous");
  config.runtime.gpus = Texts{"1", "2"};
  CHECK_NOTHROW(gpu_plan(config, {"0", "1", "2"}));
}

TEST_CASE("the search needs a GPU where its trials or its measurements run in this place") {
  ExperimentConfig config = on_gpus("cuda", 2);
  auto needs = devices_needed_here(config);
  REQUIRE(needs.size() == 1);
  CHECK(needs[0].key == "accuracy.training.device");
  CHECK(needs[0].trains);
  config.runtime.executor = ExecutorKind::kSlurm;
  CHECK(devices_needed_here(config).empty());
  measure_on(config.latency, "cuda:1");
  needs = devices_needed_here(config);
  REQUIRE(needs.size() == 1);
  CHECK(needs[0] ==
        DeviceNeed{"latency.device", "cuda:1", "the search itself measures latency there", false});
  config.runtime.executor = ExecutorKind::kInProcess;
  CHECK(devices_needed_here(config).size() == 2);
  CHECK(devices_needed_here(on_gpus("cpu", 2)).empty());
  config = on_gpus("cuda", 1);
  config.accuracy.kind = AccuracyKind::kFormula;
  CHECK(devices_needed_here(config).empty());
}
