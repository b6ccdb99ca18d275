#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace ridgeline {

struct SurrogateFitOptions {
  std::vector<std::string> sources;          ///< folders of runs, or one CSV file
  std::string space, columns, target, unit;  ///< of a CSV file
  std::vector<std::string> where;            ///< of a CSV file: "column=value"
  std::string model = "auto";
  std::string out;
};
void surrogate_fit_command(const SurrogateFitOptions& options);

struct SurrogatePredictOptions {
  std::string file;
  std::vector<std::string> architectures;
  bool json = false;
};
void surrogate_predict_command(const SurrogatePredictOptions& options);

/// Adds `surrogate` to the program.
void add_surrogate_commands(CLI::App& app);

}  // namespace ridgeline
