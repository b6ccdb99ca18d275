#pragma once

#include <string>
#include <vector>

namespace ridgeline::test {

struct Outcome {
  int exit_code = 0;
  std::string out, err;
};

/// Runs the program's command line with `arguments` in a forked process; `folder` is its working
/// directory. With LD_PRELOAD set it starts the built program instead.
Outcome run_program(const std::vector<std::string>& arguments, const std::string& folder = ".");

/// Starts the built program without waiting and gives its process id.
int start_program(const std::vector<std::string>& arguments);

/// A complete experiment with the formula evaluator, as command-line settings on
/// configs/quickstart.yaml.
std::vector<std::string> formula_settings();

/// A finished search of 12 trials with the formula evaluator, with `more` settings. It runs once in
/// this program; each call copies its folder.
void make_run(const std::string& folder, const std::vector<std::string>& more = {});

}  // namespace ridgeline::test
