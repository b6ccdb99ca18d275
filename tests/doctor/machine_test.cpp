#include "doctor/machine.h"

#include <cmath>

#include "accuracy/training/training_step.h"
#include "core/file.h"
#include "doctor/programs.h"
#include "doctor/small_network.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

TEST_CASE("a folder for runs is tried and left as it was") {
  const TempFolder folder;
  const FolderFacts facts = look_at_folder(folder / "runs/later");
  CHECK(facts.error.empty());
  CHECK(facts.path == folder.path());
  CHECK(facts.free > 0);
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("a folder that cannot be made is an error with the system's reason") {
  const TempFolder folder;
  write_file_atomic(folder / "file", "no folder");
  CHECK(contains(look_at_folder(folder / "file/runs").error, "Not a directory"));
}

TEST_CASE("a program that hangs is ended, and one that is not there is no failure", "[process]") {
  const Asked hanging = ask({"sleep", "1000"}, std::chrono::seconds(1));
  CHECK(hanging.here);
  CHECK(hanging.answer.timed_out);
  CHECK_FALSE(ask({"ridgeline-has-no-such-program"}, std::chrono::seconds(1)).here);
}

TEST_CASE("this machine's own figures make sense") {
  CHECK(look_at_threads().cores >= 1);
  const MemoryFacts memory = look_at_memory();
  CHECK(memory.available > 0);
  CHECK(memory.available <= memory.total);
  CHECK(look_at_blas().gflops > 0);
}

TEST_CASE("a step of training on the CPU gives the loss of a fresh network of four classes",
          "[training]") {
  const TrainingStep step = try_training_step(small_network(), "cpu");
  CHECK(step.loss == Approx(std::log(4)).margin(0.7));
  CHECK(step.ms > 0);
}
