#include <filesystem>
#include <iostream>

#include "core/error.h"
#include "experiments/paper/reproduction.h"

using namespace ridgeline;

namespace {

const char* const kUsage = "paper_reproduction --data DIR   (DIR holds accelnb/)";

int run(const std::vector<std::string>& arguments) {
  if (arguments == std::vector<std::string>{"--help"}) {
    std::cout << kUsage
              << "\nPrints docs/reproduction.md: the paper's tables, figures and findings "
              << "beside ours.\n";
    return 0;
  }
  if (arguments.size() != 2 || arguments[0] != "--data") {
    throw Error(ErrorKind::kUsage, std::string("usage: ") + kUsage);
  }
  const std::filesystem::path table =
      std::filesystem::path(arguments[1]) / "accelnb/accel_nasbench.csv.gz";
  if (!std::filesystem::exists(table)) {
    throw Error(ErrorKind::kData, table.string() +
                                      ": no such file; --data is the folder that "
                                      "holds accelnb/accel_nasbench.csv.gz");
  }
  std::cout << paper::reproduction_page(
      arguments[1], [](const std::string& step) { std::cerr << step << std::endl; });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const Error& error) {
    std::cerr << "paper_reproduction: " << error.what() << "\n";
    return error.exit_code();
  } catch (const std::exception& error) {
    std::cerr << "paper_reproduction: internal error: " << error.what() << "\n";
    return static_cast<int>(ErrorKind::kInternal);
  }
}
