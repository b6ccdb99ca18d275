#include <nlohmann/json.hpp>

#include "core/file.h"
#include "experiments/store/store.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::contains;
using test::make_run;
using test::run_program;
using test::TempFolder;

namespace {

std::vector<std::string> genotypes(const std::filesystem::path& run) {
  std::vector<std::string> result;
  for (const auto& trial : TrialStore(run / "store.sqlite", true).trials(Phase::kSearch))
    result.push_back(to_text(trial.genotype) + " " + ConfigWriter::plain_number(trial.reward));
  return result;
}

}  // namespace

TEST_CASE("runs lists the runs of a folder, also one that cannot be read") {
  TempFolder folder;
  make_run(folder / "first");
  std::filesystem::create_directory(folder / "no_run");
  std::filesystem::create_directory(folder / "broken");
  write_file_atomic(folder / "broken/config.yaml", "space: tiny\n");
  const auto outcome = run_program({"runs", folder.path()});
  CHECK(outcome.exit_code == 0);
  CHECK(contains(outcome.out, "12/12"));
  CHECK(contains(outcome.out, "finished"));
  CHECK(contains(outcome.out, "unreadable"));
  CHECK(contains(outcome.out, "\n" + (folder / "broken").string() +
                                  ": is no run folder: it has no store.sqlite\n"));
  CHECK_FALSE(contains(outcome.out, "no_run"));
  CHECK(run_program({"runs", folder / "nowhere"}).exit_code == 6);
}

TEST_CASE("trials selects by an SQL condition and prints a table, CSV or JSON") {
  TempFolder folder;
  make_run(folder / "run");
  const auto all = nlohmann::json::parse(run_program({"trials", folder / "run", "--json"}).out);
  REQUIRE(all.size() >= 12);
  const auto some = nlohmann::json::parse(
      run_program({"trials", folder / "run", "--json", "--where", "phase = 'search' and id >= 5"})
          .out);
  REQUIRE(some.size() == 7);
  CHECK(some[0].at("id") == 5);
  CHECK(some[0].at("reward") == all[5].at("reward"));
  const std::string csv = run_program({"trials", folder / "run", "--csv", "--where", "id < 2"}).out;
  CHECK(csv.starts_with("id,phase,batch,status,accuracy,latency_ms,reward"));
  CHECK(contains(csv, "\n1,search,0,"));
  CHECK(contains(csv, "\"name: "));  // the architecture holds line breaks
  CHECK(contains(run_program({"trials", folder / "run", "--where", "id < 3"}).out, "3 trials"));
}

TEST_CASE("a condition that SQL refuses is a usage error, and none can change the store") {
  TempFolder folder;
  make_run(folder / "run");
  const auto before = genotypes(folder / "run");
  const auto wrong = run_program({"trials", folder / "run", "--where", "speed < 3"});
  CHECK(wrong.exit_code == 2);
  CHECK(contains(wrong.err, "--where 'speed < 3': no such column: speed; valid: "));
  run_program({"trials", folder / "run", "--where", "1); DELETE FROM trials; --"});
  CHECK(genotypes(folder / "run") == before);
  CHECK(run_program({"trials", folder / "run", "--csv", "--json"}).exit_code == 2);
}

TEST_CASE("trials of a damaged store are not given out, whatever the condition") {
  TempFolder folder;
  make_run(folder / "run");
  {
    Database database(folder / "run/store.sqlite");
    database.execute("UPDATE trials SET reward = reward + 1 WHERE id = 3");
  }
  const auto refused = run_program({"trials", folder / "run", "--where", "id < 2", "--csv"});
  CHECK(refused.exit_code == 5);
  CHECK(refused.out.empty());
  CHECK(contains(refused.err, "trial 3 does not match its checksum"));
}

TEST_CASE("the table of trials says why a trial failed") {
  TempFolder folder;
  make_run(folder / "run");
  {
    TrialStore store(folder / "run/store.sqlite");
    Trial failed = *store.find(3);
    failed.id = 77;
    failed.status = TrialStatus::kCrashed;
    failed.cause = "killed by signal 11";
    store.append(failed);
  }
  const auto outcome = run_program({"trials", folder / "run", "--where", "status = 'crashed'"});
  CHECK(contains(outcome.out, " killed by signal 11\n1 trial\n"));
}

TEST_CASE("a fork cannot end before the trials that it takes over") {
  TempFolder folder;
  make_run(folder / "run");
  const auto refused = run_program(
      {"fork", folder / "run", "--at", "8", folder / "fork", "--set", "search.trials=4"});
  CHECK(refused.exit_code == 2);
  CHECK(contains(refused.err,
                 "--set search.trials=4: the fork takes over 8 trials; valid: at least"));
  CHECK_FALSE(std::filesystem::exists(folder / "fork"));
}

TEST_CASE("a fork goes on from a prefix and comes to the same trials") {
  TempFolder folder;
  make_run(folder / "run");
  CHECK(run_program({"fork", folder / "run", "--at", "6", folder / "fork"}).exit_code == 0);
  CHECK(genotypes(folder / "fork").size() == 6);
  CHECK(run_program({"resume", folder / "fork"}).exit_code == 0);
  CHECK(genotypes(folder / "fork") == genotypes(folder / "run"));

  CHECK(run_program(
            {"fork", folder / "run", "--at", "12", folder / "longer", "--set", "search.trials=14"})
            .exit_code == 0);
  CHECK(run_program({"resume", folder / "longer"}).exit_code == 0);
  CHECK(genotypes(folder / "longer").size() == 14);

  const auto far = run_program({"fork", folder / "run", "--at", "13", folder / "x"});
  CHECK(far.exit_code == 2);
  CHECK(contains(far.err, "has 12 search trials"));
  const auto other =
      run_program({"fork", folder / "run", "--at", "3", folder / "x", "--set", "seed=9"});
  CHECK(other.exit_code == 2);
  CHECK(contains(other.err, "a fork may change search.trials"));
  CHECK(run_program({"fork", folder / "run", "--at", "3", folder / "fork"}).exit_code == 5);
}

TEST_CASE("gc frees trial files and checkpoints and leaves the results") {
  TempFolder folder;
  make_run(folder / "run", {"--set", "runtime.checkpoint_batches=1"});
  CHECK(TrialStore(folder / "run/store.sqlite", true).checkpoints().size() == 2);
  const auto before = genotypes(folder / "run");
  std::filesystem::create_directories(folder / "run/trials");
  write_file_atomic(folder / "run/trials/3.json", std::string(2048, ' '));
  const auto outcome = run_program({"gc", folder / "run"});
  CHECK(outcome.exit_code == 0);
  CHECK(contains(outcome.out, "freed 2.00 KiB of trial files"));
  CHECK(contains(outcome.out, "of 2 old checkpoints"));
  CHECK_FALSE(std::filesystem::exists(folder / "run/trials"));
  CHECK(genotypes(folder / "run") == before);
  CHECK(run_program({"resume", folder / "run"}).exit_code == 0);
}

TEST_CASE("show counts attempts and the causes of failures") {
  TempFolder folder;
  make_run(folder / "run");
  {
    TrialResult crashed{3, 7, {}, "host"};
    crashed.evaluation.status = TrialStatus::kCrashed;
    crashed.evaluation.message = "killed by signal 11";
    TrialStore(folder / "run/store.sqlite").append_attempt(crashed);
  }
  const auto outcome = run_program({"show", folder / "run"});
  CHECK(contains(outcome.out, " complete, 1 crashed\n  1 x crashed: killed by signal 11\n"));
}

TEST_CASE("show --trial tells every attempt with host, cause and log, and the learning curve") {
  TempFolder folder;
  make_run(folder / "run");
  {
    TrialStore store(folder / "run/store.sqlite");
    TrialResult crashed{3, 7, {}, "node17", "first line\nlast words"};
    crashed.evaluation.status = TrialStatus::kCrashed;
    crashed.evaluation.seconds = 90;
    crashed.evaluation.message = "killed by signal 11";
    store.append_attempt(crashed);
    TrialResult complete{3, 8, {}, "node18"};
    complete.evaluation.metrics = {{1, "train_loss", 2.25},
                                   {1, "images_per_s", 987.0},
                                   {2, "train_loss", 1.125},
                                   {2, "validation_accuracy", 0.5},
                                   {2, "images_per_s", 1234.56}};
    store.append_attempt(complete);
  }
  const auto outcome = run_program({"show", folder / "run", "--trial", "3"});
  CHECK(outcome.exit_code == 0);
  CHECK(contains(outcome.out, "trial 3: complete, phase search, update 0, "));
  CHECK(contains(outcome.out, "attempt 7 on node17: crashed after 1m30s, "));
  CHECK(contains(outcome.out, "  cause: killed by signal 11\n"));
  CHECK(contains(outcome.out, "  | first line\n  | last words\n"));
  CHECK(contains(outcome.out, "epoch  images_per_s  train_loss  validation_accuracy"));
  CHECK(contains(outcome.out, "1234.6      1.1250"));
  const auto unknown = run_program({"show", folder / "run", "--trial", "99"});
  CHECK(unknown.exit_code == 2);
  CHECK(contains(unknown.err, "--trial 99: "));
  CHECK(contains(unknown.err, "has no such trial; it holds 12 of the search"));
  CHECK(run_program({"show", folder / "run", "--trial", "-1"}).exit_code == 2);
}

TEST_CASE("a fork of an asynchronous run goes on from its first trials in the order of arrival") {
  TempFolder folder;
  make_run(folder / "run", {"--set", "search.mode=asynchronous", "--set", "runtime.workers=3"});
  const auto fork = run_program(
      {"fork", folder / "run", "--at", "7", folder / "fork", "--set", "search.trials=14"});
  INFO(fork.err);
  REQUIRE(fork.exit_code == 0);
  TrialStore whole(folder / "run/store.sqlite", true);
  std::vector<std::string> taken;
  for (const auto& trial : whole.trials(Phase::kSearch)) {
    if (trial.commit_index < 7)
      taken.push_back(std::to_string(trial.commit_index) + to_text(trial.genotype));
  }
  {
    TrialStore forked(folder / "fork/store.sqlite", true);
    std::vector<std::string> found;
    for (const auto& trial : forked.trials(Phase::kSearch)) {
      found.push_back(std::to_string(trial.commit_index) + to_text(trial.genotype));
      CHECK(forked.attempts(trial.id).size() == whole.attempts(trial.id).size());
    }
    CHECK(found == taken);
  }
  const auto resumed = run_program({"resume", folder / "fork"});
  INFO(resumed.err);
  CHECK(resumed.exit_code == 0);
  CHECK(genotypes(folder / "fork").size() == 14);
}

TEST_CASE("each command of the store explains itself with an example") {
  for (const char* name : {"runs", "trials", "fork", "gc"}) {
    const auto outcome = run_program({name, "--help"});
    CHECK(outcome.exit_code == 0);
    CHECK(contains(outcome.out, std::string("example:\n  ridgeline ") + name));
  }
}
