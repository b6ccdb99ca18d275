#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/file.h"
#include "experiments/store/store.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::contains;
using test::make_run;
using test::run_program;
using test::source_folder;
using test::TempFolder;

TEST_CASE("rerank ranks a run's trials under another target, as table, CSV, JSON and file") {
  TempFolder folder;
  const std::string run = folder / "run";
  make_run(run);
  const auto json = nlohmann::json::parse(
      run_program({"rerank", run, "--target", "50us", "--kind", "mnas_hard", "--json"}).out);
  const auto& rows = json.at("trials");
  REQUIRE(rows.size() > 2);
  CHECK(json.at("winner") == rows[0].at("trial"));
  for (size_t i = 0; i < rows.size(); ++i) {
    const double accuracy = rows[i].at("accuracy");
    const double ratio = rows[i].at("latency_ms").get<double>() / 0.05;
    CHECK(rows[i].at("reward").get<double>() == Approx(accuracy / std::max(1.0, ratio)));
    if (i > 0) CHECK(rows[i].at("reward") <= rows[i - 1].at("reward"));
  }
  const std::string csv = run_program({"rerank", run, "--target", "0.05", "--csv"}).out;
  CHECK(csv.starts_with("rank,trial,reward,accuracy,latency_ms,params,madds,rank_before,"));
  const auto table = run_program(
      {"rerank", run, "--target", "0.05 ms", "--top", "1", "--out", folder / "winner.yaml"});
  CHECK(table.exit_code == 0);
  CHECK(contains(table.out, "reward ACC x (LAT / 0.0500 ms)^-0.09; the run's was ACC x "));
  CHECK(contains(table.out, " wins"));
  const auto trial = run_program({"profile", folder / "winner.yaml"});
  CHECK(trial.exit_code == 0);
}

TEST_CASE("rerank says where another target cannot move the winner") {
  TempFolder folder;
  const std::string run = folder / "run";
  make_run(run);
  const std::string note = "with mnas_soft the target is a constant factor of every reward";
  CHECK(contains(run_program({"rerank", run, "--target", "0.05"}).out, "\nnote: " + note));
  const auto json = [&](const std::vector<std::string>& more) {
    std::vector<std::string> command = {"rerank", run, "--json"};
    command.insert(command.end(), more.begin(), more.end());
    return nlohmann::json::parse(run_program(command).out).at("note").get<std::string>();
  };
  CHECK(json({"--target", "0.05"}).starts_with(note));
  CHECK(json({"--target", "0.05", "--kind", "tunas"}).empty());
  CHECK(json({"--set", "reward.w=-0.2"}).empty());
  CHECK(contains(run_program({"rerank", run, "--target", "1e30s"}).err,
                 "--target 1e30s: out of range; valid: from 1e-06 to 1000000000 ms"));
}

TEST_CASE("rerank changes nothing in the run, and says what it cannot do") {
  TempFolder folder;
  const std::string run = folder / "run";
  make_run(run);
  const std::string before = read_file(folder / "run/config.yaml");
  CHECK(run_program({"rerank", run, "--kind", "tunas"}).exit_code == 0);
  CHECK(read_file(folder / "run/config.yaml") == before);
  CHECK(run_program({"resume", run}).exit_code == 0);
  const auto nothing = run_program({"rerank", run});
  CHECK(nothing.exit_code == 2);
  CHECK(contains(nothing.err, "say what changes: --target 12ms"));
  for (const char* target : {"12parsec", "-3", "0", "nan", ""})
    CHECK(run_program({"rerank", run, std::string("--target=") + target}).exit_code == 2);
  CHECK(contains(run_program({"rerank", run, "--kind", "tuna"}).err, "did you mean 'tunas'"));
  CHECK(contains(run_program({"rerank", run, "--set", "seed=3"}).err, "changes reward.* only"));
  const auto out_of_reach = run_program({"rerank", run, "--kind", "constraint", "--target", "1us"});
  CHECK(out_of_reach.exit_code == 7);
  CHECK(contains(out_of_reach.err, "rules out all"));
}

TEST_CASE("rerank and calibrate refuse a run without a complete trial") {
  TempFolder folder;
  const std::string run = folder / "run";
  make_run(run);
  Database(folder / "run/store.sqlite").execute("DELETE FROM trials");
  for (const auto& command : {std::vector<std::string>{"rerank", run, "--target", "1ms"},
                              std::vector<std::string>{"reward", "calibrate", "--run", run}}) {
    const auto outcome = run_program(command);
    CHECK(outcome.exit_code == 7);
    CHECK(contains(outcome.err, run));
  }
  CHECK(contains(run_program({"rerank", run, "--target", "1ms"}).err, "no trial is complete"));
}

TEST_CASE("reward calibrate derives w from a gain, two points or a run, and explains it") {
  const auto gain = run_program({"reward", "calibrate", "--gain", "5%"});
  CHECK(gain.exit_code == 0);
  CHECK(contains(gain.out, "reward: {kind: mnas_soft, w: -0.0704}"));
  CHECK(contains(gain.out, "twice as long and is 5.00 % better earns the same reward"));
  CHECK(run_program({"reward", "calibrate", "--gain", "0.05"}).out == gain.out);
  const auto points = run_program({"reward", "calibrate", "--points", "70%:10ms", "0.735:20ms"});
  CHECK(contains(points.out, "w: -0.0704}"));
  TempFolder folder;
  make_run(folder / "run");
  const auto run = run_program({"reward", "calibrate", "--run", folder / "run"});
  CHECK(run.exit_code == 0);
  CHECK(contains(run.out, "along the Pareto front of "));
  CHECK(contains(run.out, "reward: {kind: mnas_soft, w: -0."));
}

TEST_CASE("reward calibrate refuses what has no trade-off") {
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"--gain", "5"},
                                             {"--gain", "-5%"},
                                             {"--gain", "5%", "--run", "runs"},
                                             {"--points", "70%:10ms", "69%:20ms"},
                                             {"--points", "70%:10ms", "80%"},
                                             {"--points", "70%:10ms"}}) {
    std::vector<std::string> command = {"reward", "calibrate"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const auto outcome = run_program(command);
    CHECK(outcome.exit_code == 2);
    CHECK_FALSE(outcome.err.empty());
  }
  const auto steep = run_program({"reward", "calibrate", "--points", "26%:10ms", "61%:11ms"});
  CHECK(steep.exit_code == 7);
  CHECK(contains(steep.err, "no trade-off to search by"));
}

TEST_CASE("a run for several accelerators shows, lists and reranks every latency") {
  TempFolder folder;
  const std::string run = folder / "run";
  const std::string tpu = "accelerators=[{name: tpu, target_ms: 0.1, hardware: tpu_v3, batch: 8}]";
  make_run(run, {"--set", tpu});
  CHECK(contains(run_program({"show", run}).out,
                 " on tpu (roofline, tpu_v3, batch 8), target 0.100 ms"));
  CHECK(contains(run_program({"show", run, "--trial", "0"}).out, " on tpu\n"));
  CHECK(contains(run_program({"trials", run, "--csv", "--where", "id = 0"}).out, ",tpu=0."));
  CHECK(contains(run_program({"trials", run, "--where", "id = 0"}).out, "  tpu\n"));
  const std::string ranked = run_program({"rerank", run, "--target", "tpu=1us"}).out;
  CHECK(contains(ranked, " genotype "));
  CHECK(contains(ranked, "  tpu\n"));
  CHECK(contains(run_program({"pareto", run}).out, "  tpu\n"));
  CHECK(contains(run_program({"pareto", run, "--csv"}).out, ",genotype,latency_ms_tpu\n"));
  const auto json = nlohmann::json::parse(
      run_program({"rerank", run, "--target", "tpu=1us", "--set", "reward.w=-1", "--json"}).out);
  CHECK(contains(json.at("reward").get<std::string>(), "worst of this and of tpu at 0.00100 ms"));
  for (const auto& row : json.at("trials")) {
    const double ratio = row.at("latency_ms_tpu").get<double>() / 1e-3;
    CHECK(row.at("reward").get<double>() == Approx(row.at("accuracy").get<double>() / ratio));
  }
  CHECK(contains(run_program({"rerank", run, "--target", "gpu=1us"}).err,
                 "has no such accelerator; valid: tpu, or a latency alone"));
  CHECK(run_program({"resume", run}).exit_code == 0);
  const auto out_of_reach =
      run_program({"validate", test::source_folder() / "configs/quickstart.yaml", "--set",
                   "accelerators=[{name: tpu, target_ms: 0.00001, hardware: tpu_v3}]"});
  CHECK(out_of_reach.exit_code == 7);
  CHECK(contains(out_of_reach.err, "accelerator tpu: "));
}

namespace {

/// The README's line that begins with `begin`, without its comment.
std::string readme_line(const std::string& begin) {
  const std::string text = read_file(source_folder() / "README.md");
  const size_t at = text.find("\n" + begin);
  REQUIRE(at != std::string::npos);
  return text.substr(at + 1, text.find_first_of("#\n", at + 1) - at - 1);
}

}  // namespace

TEST_CASE("the README's example of another target names another winner") {
  TempFolder folder;
  make_run(folder / "run");
  std::istringstream words(readme_line("ridgeline rerank runs/first "));
  std::vector<std::string> arguments(std::istream_iterator<std::string>(words), {});
  REQUIRE(arguments.size() > 3);
  arguments.erase(arguments.begin());
  arguments[1] = folder / "run";
  arguments.emplace_back("--json");
  const auto outcome = run_program(arguments);
  REQUIRE(outcome.exit_code == 0);
  const auto ranking = nlohmann::json::parse(outcome.out);
  CHECK(ranking.at("winner") != ranking.at("winner_before"));
  CHECK(ranking.at("note") == "");
}

TEST_CASE("the target of the README's experiment decides who wins") {
  const std::string reward = readme_line("reward: {").substr(std::string("reward: ").size());
  const auto outcome = run_program(
      {"validate", source_folder() / "configs/quickstart.yaml", "--set", "reward=" + reward});
  CHECK(outcome.exit_code == 0);
  CHECK(contains(outcome.out, "\nreward: "));
  CHECK_FALSE(contains(outcome.out, "constant factor"));
}
