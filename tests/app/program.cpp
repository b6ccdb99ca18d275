#include "tests/app/program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include <cstdlib>
#include <iostream>
#include <map>

#include "app/command_line.h"
#include "core/file.h"
#include "tests/catch.h"
#include "tests/support.h"

namespace ridgeline::test {
namespace {

/// How the child becomes the program. A forked copy of this process has LibTorch loaded already;
/// loading it again takes half a second.
enum class Start { kFork, kExec };

pid_t spawn(Start start, const std::vector<std::string>& arguments, const std::string& folder,
            const std::string& out, const std::string& err) {
  std::vector<std::string> texts = {ridgeline_program()};
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  std::cout.flush();  // otherwise the child prints it again
  const pid_t child = fork();
  if (child == 0) {
    const int out_file = open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    const int err_file = open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(out_file, STDOUT_FILENO);
    dup2(err_file, STDERR_FILENO);
    if (chdir(folder.c_str()) != 0) _exit(126);
    if (start == Start::kFork) {
      const int code =
          run_command_line(static_cast<int>(arguments.size()) + 1, pointers.data(), texts[0]);
      std::cout.flush();
      spdlog::shutdown();
      _exit(code);
    }
    execv(pointers[0], pointers.data());
    _exit(127);
  }
  REQUIRE(child > 0);
  return child;
}

}  // namespace

Outcome run_program(const std::vector<std::string>& arguments, const std::string& folder) {
  TempFolder files;
  int status = 0;
  // A preloaded library takes effect in a new program only.
  const Start start = std::getenv("LD_PRELOAD") ? Start::kExec : Start::kFork;
  waitpid(spawn(start, arguments, folder, files / "out", files / "err"), &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), read_file(files / "out"),
          read_file(files / "err")};
}

int start_program(const std::vector<std::string>& arguments) {
  return spawn(Start::kExec, arguments, ".", "/dev/null", "/dev/null");
}

std::vector<std::string> formula_settings() {
  std::vector<std::string> result;
  for (const char* setting : {"accuracy.kind=formula", "search.trials=12", "search.batch=4",
                              "scaling.max_candidates=2"}) {
    result.emplace_back("--set");
    result.emplace_back(setting);
  }
  return result;
}

void make_run(const std::string& folder, const std::vector<std::string>& more) {
  static const TempFolder made;
  static std::map<std::vector<std::string>, std::string> runs;  // by their settings
  std::string& run = runs[more];
  if (run.empty()) {
    run = made / std::to_string(runs.size());
    std::vector<std::string> arguments = {"search", source_folder() / "configs/quickstart.yaml",
                                          "--run", run};
    const auto settings = formula_settings();
    arguments.insert(arguments.end(), settings.begin(), settings.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto outcome = run_program(arguments);
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
  }
  std::filesystem::copy(run, folder, std::filesystem::copy_options::recursive);
}

}  // namespace ridgeline::test
