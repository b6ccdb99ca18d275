#include "experiments/paper/program.h"

#include <iostream>

#include "core/error.h"
#include "core/file.h"
#include "core/units.h"

namespace ridgeline::paper {
namespace {

/// The folder after --out, or an empty string.
std::string parse(int argc, char** argv, const std::string& usage) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty()) return "";
  if (arguments.size() == 2 && arguments[0] == "--out" && !arguments[1].empty()) {
    return arguments[1];
  }
  throw Error(ErrorKind::kUsage, "unexpected '" + arguments[0] + "'; usage: " + usage);
}

}  // namespace

int run_program(int argc, char** argv, const std::string& name, const std::string& purpose,
                Report (*make)()) {
  const std::string usage = name + " [--out DIR]";
  try {
    if (argc == 2 && std::string(argv[1]) == "--help") {
      std::cout << usage << "\n" << purpose << "\n";
      return 0;
    }
    const std::filesystem::path out = parse(argc, argv, usage);
    const Report report = make();
    std::cout << report.text;
    if (out.empty()) return 0;
    make_folder(out);
    for (const Report::File& file : report.files) {
      write_file_atomic(out / file.name, file.content);
      std::cout << "wrote " << (out / file.name).string() << "\n";
    }
    return 0;
  } catch (const Error& error) {
    std::cerr << name << ": " << error.what() << "\n";
    return error.exit_code();
  } catch (const std::exception& error) {
    std::cerr << name << ": internal error: " << error.what() << "\n";
    return static_cast<int>(ErrorKind::kInternal);
  }
}

std::string to_csv(const std::vector<std::string>& header,
                   const std::vector<std::vector<std::string>>& rows) {
  std::string text = join(header, ",") + "\n";
  for (const auto& row : rows) text += join(row, ",") + "\n";
  return text;
}

std::string both_text(double ours, double theirs, int digits) {
  return format_fixed(ours, digits) + " / " + format_fixed(theirs, digits);
}

std::string percent_text(double share) {
  return (share >= 0 ? "+" : "") + format_fixed(share * 100, 1) + " %";
}

}  // namespace ridgeline::paper
