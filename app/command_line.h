#pragma once

#include <filesystem>

namespace ridgeline {

/// Runs the program with its arguments, argv[0] included, and gives its exit code. Prints errors;
/// throws none. `program` is the file that processes of trials run.
int run_command_line(int argc, char** argv, const std::filesystem::path& program);

/// The `program` given to `run_command_line`.
const std::filesystem::path& this_program();

}  // namespace ridgeline
