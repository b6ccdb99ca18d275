#include <sys/stat.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline::test;
using ridgeline::write_file_atomic;

namespace {

/// Programs of our own in front of the PATH for its lifetime.
class Programs {
 public:
  Programs() : path_(std::getenv("PATH")) {
    setenv("PATH", (folder_.path().string() + ":" + path_).c_str(), 1);
  }
  ~Programs() { setenv("PATH", path_.c_str(), 1); }
  Programs(const Programs&) = delete;
  Programs& operator=(const Programs&) = delete;

  void add(const std::string& name, const std::string& script) {
    write_file_atomic(folder_ / name, "#!/bin/sh\n" + script + "\n");
    chmod((folder_ / name).c_str(), 0755);
  }

 private:
  TempFolder folder_;
  std::string path_;
};

}  // namespace

TEST_CASE("doctor tells a verdict for each check, and its exit code whether one is a problem") {
  const TempFolder folder;
  Programs programs;
  programs.add("sbatch", "echo slurm-wlm 22.05.8");
  programs.add("squeue", "true");
  programs.add("sinfo", "echo 'debug*'");
  const Outcome outcome = run_program({"doctor", "--json", "--runs", folder / "runs"});
  const auto findings = nlohmann::json::parse(outcome.out);
  bool problem = false;
  std::map<std::string, std::string> seen;
  for (const auto& finding : findings) {
    const std::string verdict = finding.at("verdict");
    problem = problem || verdict == "problem";
    CHECK((verdict == "ok" || verdict == "warning" || verdict == "problem"));
    CHECK((verdict == "ok") == finding.at("remedy").get<std::string>().empty());
    seen[finding.at("check")] = finding.at("seen");
  }
  CHECK(outcome.exit_code == (problem ? 8 : 0));
  for (const char* check : {"libtorch", "blas", "threads", "memory", "training cpu", "cuda",
                            "shared memory", "runs folder", "free space", "slurm", "python"})
    CHECK(seen.contains(check));
  CHECK(seen["slurm"] == "slurm-wlm 22.05.8, partitions: debug*");
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("doctor: a folder that cannot be written is a problem, one line, exit code 8") {
  const TempFolder folder;
  write_file_atomic(folder / "file", "no folder");
  const Outcome outcome = run_program({"doctor", "--runs", folder / "file/runs"});
  CHECK(outcome.exit_code == 8);
  CHECK(contains(outcome.out, "problem  runs folder: "));
  CHECK(contains(outcome.out, "Not a directory; remedy: "));
}
