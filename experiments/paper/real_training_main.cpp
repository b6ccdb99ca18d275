#include <iostream>

#include "core/error.h"
#include "experiments/paper/real_training.h"
#include "runtime/device.h"

using namespace ridgeline;

namespace {

const char* const kUsage =
    "paper_real_training --images DIR [--quick]   (DIR holds signdigits32_*.idx.gz; --quick: a "
    "few trainings, to see that it works)";

int run(const std::vector<std::string>& arguments) {
  if (arguments == std::vector<std::string>{"--help"}) {
    std::cout << kUsage << "\nSearch and LACS with real trainings on this machine's CPU, against "
              << "random search and accuracy_only scaling.\n";
    return 0;
  }
  const bool quick = arguments.size() == 3 && arguments[2] == "--quick";
  if ((arguments.size() != 2 && !quick) || arguments[0] != "--images") {
    throw Error(ErrorKind::kUsage, std::string("usage: ") + kUsage);
  }
  set_threads(1);
  const paper::RealTrainingPlan plan = quick ? paper::RealTrainingPlan{.trials = 2,
                                                                       .seeds = 1,
                                                                       .epochs = 1,
                                                                       .final_epochs = 1,
                                                                       .candidates = 1}
                                             : paper::RealTrainingPlan{};
  std::cout << paper::real_training_report(
      arguments[1], plan, [](const std::string& step) { std::cerr << step << std::endl; });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
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
