#include "tests/slurm/cluster.h"

#include <array>
#include <cstdio>
#include <cstdlib>

#include "tests/catch.h"
#include "tests/support.h"

namespace ridgeline::test {
namespace {

struct Answer {
  int status;
  std::string text;
};

Answer ask(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  Answer answer{0, {}};
  std::array<char, 4096> part;
  while (const size_t size = fread(part.data(), 1, part.size(), pipe))
    answer.text.append(part.data(), size);
  answer.status = pclose(pipe);
  return answer;
}

class Cluster {
 public:
  Cluster() {
    // Daemons must not hold the pipe open: what they say goes through a file.
    const std::string log = folder_ / "start.log";
    const int status = std::system((script() + " start " + path() + " >" + log + " 2>&1").c_str());
    running_ = status == 0;
    why_not_ = ask("tail -n 1 " + log).text;
    if (running_) setenv("SLURM_CONF", (path() + "/slurm.conf").c_str(), 1);
  }
  ~Cluster() {
    if (!running_) return;
    if (std::system((script() + " stop " + path()).c_str()) != 0) std::perror("slurm_cluster stop");
  }
  bool running() const { return running_; }
  const std::string& why_not() const { return why_not_; }

 private:
  static std::string script() { return (source_folder() / "scripts/slurm_cluster").string(); }
  std::string path() const { return (folder_ / "c").string(); }

  TempFolder folder_;
  bool running_ = false;
  std::string why_not_;
};

}  // namespace

void need_cluster() {
  static Cluster cluster;
  if (!cluster.running()) skip_not_installed("no Slurm cluster here: " + cluster.why_not());
}

std::string shell(const std::string& command) {
  const Answer answer = ask(command);
  INFO(command << ": " << answer.text);
  REQUIRE(answer.status == 0);
  return answer.text;
}

std::string live_tasks() { return shell("squeue --me -h -r -o '%T %N' | sort"); }

}  // namespace ridgeline::test
