#include <cstdlib>
#include <iostream>
#include <map>

#include "core/allocator.h"
#include "core/error.h"
#include "core/logging.h"
#include "experiments/paper/real_training.h"
#include "runtime/device.h"

using namespace ridgeline;

namespace {

const char* const kUsage =
    "paper_real_training --images DIR [--quick | --trials N --seeds N --epochs N --final-epochs N "
    "--candidates N --measured 1 --only signdigits32|fractal]   (DIR holds signdigits32_*.idx.gz; "
    "--quick: a few trainings, to "
    "see that it "
    "works)";

paper::RealTrainingPlan plan_of(const std::vector<std::string>& arguments) {
  if (arguments == std::vector<std::string>{"--quick"})
    return {.trials = 2, .seeds = 1, .epochs = 1, .final_epochs = 1, .candidates = 1};
  paper::RealTrainingPlan plan;
  int measured = 0;
  const std::map<std::string, int*> options = {
      {"--trials", &plan.trials},         {"--seeds", &plan.seeds},
      {"--epochs", &plan.epochs},         {"--final-epochs", &plan.final_epochs},
      {"--candidates", &plan.candidates}, {"--measured", &measured}};
  for (size_t i = 0; i < arguments.size(); i += 2) {
    if (arguments[i] == "--only" && i + 1 < arguments.size()) {
      plan.only = arguments[i + 1];
      if (plan.only == "signdigits32" || plan.only == "fractal") continue;
    }
    const auto option = options.find(arguments[i]);
    const int value = i + 1 < arguments.size() ? std::atoi(arguments[i + 1].c_str()) : 0;
    if (option == options.end() || value < 1)
      throw Error(ErrorKind::kUsage, std::string("usage: ") + kUsage);
    *option->second = value;
  }
  plan.measured = measured > 0;
  return plan;
}

int run(const std::vector<std::string>& arguments) {
  if (arguments == std::vector<std::string>{"--help"}) {
    std::cout << kUsage << "\nSearch and LACS with real trainings on this machine's CPU, against "
              << "random search and accuracy_only scaling.\n";
    return 0;
  }
  if (arguments.size() < 2 || arguments[0] != "--images")
    throw Error(ErrorKind::kUsage, std::string("usage: ") + kUsage);
  set_threads(1);
  const paper::RealTrainingPlan plan = plan_of({arguments.begin() + 2, arguments.end()});
  paper::report_real_training(arguments[1], plan, std::cout,
                              [](const std::string& step) { std::cerr << step << std::endl; });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  set_up_logging("warn");
  try {
    return run({argv + 1, argv + argc});
  } catch (const Error& error) {
    std::cerr << "paper_real_training: " << error.what() << "\n";
    return error.exit_code();
  } catch (const std::exception& error) {
    std::cerr << "paper_real_training: internal error: " << error.what() << "\n";
    return static_cast<int>(ErrorKind::kInternal);
  }
}
