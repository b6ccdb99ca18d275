#include "core/run_command.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "core/file.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using std::chrono::milliseconds;

namespace {

/// Longer than any of these commands takes, and than it takes to notice that one hangs.
const CommandLimits kPatient{.time = std::chrono::minutes(2)};

CommandOutput shell(const std::string& script, const CommandLimits& limits = kPatient) {
  return run_command({"sh", "-c", script}, limits);
}

/// A process that nobody has waited for yet is dead all the same.
bool is_dead(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(file, text);
  const size_t name_end = text.rfind(')');
  return name_end == std::string::npos || text.substr(name_end + 2, 1) == "Z";
}

void wait_until(const std::function<bool()>& done) {
  for (int i = 0; i < 12000 && !done(); ++i) std::this_thread::sleep_for(milliseconds(5));
  CHECK(done());
}

}  // namespace

TEST_CASE("a command gives its output and exit code, and is killed when it takes too long",
          "[process]") {
  const auto said = shell("echo out; echo err >&2; exit 3");
  CHECK(said.out == "out\n");
  CHECK(said.err == "err\n");
  CHECK(said.exit_code == 3);
  CHECK_FALSE(said.timed_out);
  CHECK(shell("kill -9 $$").exit_code == -9);
  CHECK(shell("sleep 60 & wait", {.time = milliseconds(50)}).timed_out);
  CHECK(shell("exec >&- 2>&-; sleep 60", {.time = milliseconds(50)}).timed_out);
  CHECK(error_of([] {
          run_command({"no-such-program"}, kPatient);
        }).find("cannot run no-such-program: No such file or directory") == 0);
}

TEST_CASE("all that a command says last is read", "[process]") {
  const auto said = shell("head -c 60000 /dev/zero; exit 7");
  CHECK(said.out.size() == 60000);
  CHECK(said.exit_code == 7);
}

TEST_CASE("what a command leaves behind is not waited for, and is killed", "[process]") {
  const auto said = shell("sleep 1000 & echo $!");
  CHECK_FALSE(said.timed_out);
  CHECK(said.exit_code == 0);
  const pid_t left = std::stoi(said.out);
  wait_until([&] { return is_dead(left); });
}

TEST_CASE("a command that writes without end is killed at the limit", "[process]") {
  for (const char* script : {"yes", "yes >&2"}) {
    const auto said = shell(script, {.time = kPatient.time, .output_bytes = 100000});
    CHECK(said.too_much);
    CHECK(said.exit_code != 0);
    CHECK(said.out.size() + said.err.size() < 3000000);
  }
}

TEST_CASE("a command ends when it is asked to stop", "[process]") {
  int asked = 0;
  const auto said =
      shell("sleep 1000", {.time = kPatient.time, .stop = [&] { return ++asked == 2; }});
  CHECK(said.stopped);
  CHECK(said.exit_code == -SIGKILL);
}

TEST_CASE("a command and what it started die with the process that runs it", "[process]") {
  TempFolder folder;
  const std::string file = folder / "started";
  const pid_t caller = fork();
  if (caller == 0) {
    shell("sleep 1000 & echo $! $$ > '" + file + ".part'; mv '" + file + ".part' '" + file +
          "'; wait");
    _exit(0);
  }
  wait_until([&] { return std::filesystem::exists(file); });
  kill(caller, SIGKILL);
  waitpid(caller, nullptr, 0);
  std::ifstream started(file);
  pid_t child = 0, command = 0;
  started >> child >> command;
  REQUIRE(command > 0);
  wait_until([&] { return is_dead(child) && is_dead(command); });
}
