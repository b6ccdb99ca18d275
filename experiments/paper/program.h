#pragma once

#include <string>
#include <vector>

namespace ridgeline::paper {

/// What one of the programs says: text for the terminal, and files for `--out`.
struct Report {
  struct File {
    std::string name, content;
  };
  std::string text;
  std::vector<File> files = {};
};

/// The main function of a program `name`: prints the report that `make` gives and, with --out DIR,
/// writes its files there. The exit code is that of the error, as of `ridgeline` itself.
int run_program(int argc, char** argv, const std::string& name, const std::string& purpose,
                Report (*make)());

/// A CSV file of these columns; cells hold no commas.
std::string to_csv(const std::vector<std::string>& header,
                   const std::vector<std::vector<std::string>>& rows);

/// "13.4 / 13.2": ours and the paper's
std::string both_text(double ours, double theirs, int digits);

/// "+4.2 %"
std::string percent_text(double share);

}  // namespace ridgeline::paper
