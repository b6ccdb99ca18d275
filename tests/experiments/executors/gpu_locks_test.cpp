#include "experiments/executors/gpu_locks.h"

#include <atomic>
#include <thread>

#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

void nothing() {}

}  // namespace

TEST_CASE("trainings on a GPU do not wait for each other") {
  TempFolder folder;
  TrainingLock a(folder / "lock"), b(folder / "lock");
  for (int step = 0; step < 3; ++step) {
    a.give_way([] { FAIL("nobody measures"); });
    b.give_way([] { FAIL("nobody measures"); });
  }
}

TEST_CASE("a measurement has the GPU alone, and trainings go on after it") {
  TempFolder folder;
  std::atomic<int> working = 0, measured = 0, finished = 0;
  std::atomic<bool> overlap = false, stop = false;
  const auto train = [&] {
    TrainingLock lock(folder / "lock");
    while (!stop) {
      lock.give_way([&] { ++finished; });
      ++working;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      --working;
    }
  };
  std::thread first(train), second(train);
  for (int i = 0; i < 20; ++i) {
    const MeasuringLock lock(folder / "lock");
    for (int look = 0; look < 5; ++look) {
      if (working != 0) overlap = true;
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
    ++measured;
  }
  stop = true;
  first.join();
  second.join();
  CHECK(measured == 20);
  CHECK_FALSE(overlap);
  CHECK(finished > 0);
}

TEST_CASE("a training that ends releases the GPU") {
  TempFolder folder;
  {
    TrainingLock lock(folder / "lock");
    lock.give_way(nothing);
  }
  CHECK_NOTHROW(MeasuringLock(folder / "lock", std::chrono::seconds(0)));
}

TEST_CASE("a training that hangs does not hang the search") {
  TempFolder folder;
  TrainingLock lock(folder / "lock");
  lock.give_way(nothing);
  CHECK_THAT(error_of([&] { MeasuringLock(folder / "lock", std::chrono::seconds(0)); }),
             Catch::Contains("has not given way") && Catch::Contains("runtime.gpus"));
  lock.give_way([] { FAIL("nobody measures any more"); });
}

TEST_CASE("the lock file bears the GPU's name") {
  CHECK(gpu_lock_file("run/trials", "GPU-ab") ==
        std::filesystem::path("run/trials/gpu_GPU-ab.lock"));
  CHECK(gpu_lock_file("t", "MIG-GPU/1/0") == std::filesystem::path("t/gpu_MIG-GPU_1_0.lock"));
}

TEST_CASE("an oracle with a GPU lock says what the oracle says, and leaves no file") {
  TempFolder folder;
  struct Fixed : LatencyOracle {
    Latency estimate(const Network&) const override {
      Latency latency;
      latency.ms = 3;
      return latency;
    }
    std::string description() const override { return "fixed"; }
  };
  {
    const auto oracle = with_gpu_lock(std::make_unique<Fixed>(), folder / "lock");
    CHECK(oracle->description() == "fixed");
    CHECK(oracle->estimate(Network{}).ms == 3);
    CHECK(std::filesystem::exists(folder / "lock"));
  }
  CHECK_FALSE(std::filesystem::exists(folder / "lock"));
}
