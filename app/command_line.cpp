#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <iostream>

#include "app/commands.h"
#include "app/latency_options.h"
#include "app/network_options.h"
#include "app/proxy_options.h"
#include "app/reward_options.h"
#include "app/run_options.h"
#include "app/surrogate_options.h"
#include "app/training_options.h"
#include "core/error.h"
#include "core/logging.h"

namespace ridgeline {
namespace {

constexpr const char* kFooter =
    "exit codes: 0 done, 1 internal error, 2 wrong command line, 3 invalid configuration, 4 "
    "unreadable data,\n"
    "  5 run folder (in use, damaged, of another configuration), 6 file system (full disk, "
    "permissions),\n"
    "  7 infeasible (target out of reach, trials failed), 8 `ridgeline doctor` found a problem,\n"
    "  9 `ridgeline verify` or `evaluate` lacks the program for a file, 130 interrupted (continue "
    "with `ridgeline resume`)";

/// The command whose options the user gave: the innermost sub-command on the line.
const CLI::App& innermost(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : innermost(*chosen.front());
}

/// "; did you mean 'NAME'?", or ";".
std::string suggestion(const std::string& word, const std::vector<std::string>& names) {
  const std::string near = nearest_name(word, names);
  return near.empty() ? ";" : "; did you mean '" + near + "'?";
}

/// A word that is no command, or no option of its command, gets the nearest one.
[[noreturn]] void refuse_command_line(const CLI::App& app, int argc, char** argv,
                                      const std::string& what) {
  const CLI::App& command = innermost(app);
  std::vector<std::string> commands, options;
  for (const CLI::App* sub : command.get_subcommands({})) commands.push_back(sub->get_name());
  for (const CLI::App* owner = &command; owner != nullptr; owner = owner->get_parent()) {
    for (const CLI::Option* option : owner->get_options()) {
      for (const auto& name : option->get_lnames()) options.push_back("--" + name);
    }
  }
  const auto known = [](const std::vector<std::string>& names, const std::string& word) {
    return std::find(names.begin(), names.end(), word) != names.end();
  };
  bool inside = command.get_parent() == nullptr;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::string name = word.substr(0, word.find('='));
    if (name.starts_with("--") && !known(options, name)) {
      throw Error(ErrorKind::kUsage, "'" + name + "' is no option of `" +
                                         command.get_display_name() + "`" +
                                         suggestion(name, options) + " valid: " + join(options));
    }
    if (!inside) {
      inside = word == command.get_name();
    } else if (!commands.empty() && word[0] != '-' && !known(commands, word)) {
      throw Error(ErrorKind::kUsage, "'" + word + "' is no command" + suggestion(word, commands) +
                                         " valid: " + join(commands));
    }
  }
  throw Error(ErrorKind::kUsage,
              what + "; see `" +
                  (command.get_parent() ? "ridgeline " + command.get_name() : "ridgeline") +
                  " --help`");
}

/// What was printed may stand in a buffer that a full disk refuses.
void require_output() {
  std::cout.flush();
  if (!std::cout) throw Error(ErrorKind::kIo, "cannot write the output; it is not complete");
}

/// File contents that a message quotes must neither break its line nor steer a terminal.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (std::iscntrl(static_cast<unsigned char>(c))) c = ' ';
  }
  return text;
}

int run(int argc, char** argv) {
  CLI::App app{"Ridgeline: hardware-aware neural-architecture search", "ridgeline"};
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_version_flag("--version", [] { return version_text(RIDGELINE_VERSION); });
  std::string log_level = "info";
  app.add_option("--log-level", log_level, "debug, info, warn or error: what reaches stderr")
      ->capture_default_str();
  app.fallthrough();
  app.parse_complete_callback([&] { set_up_logging(log_level); });
  add_run_options(app);
  add_reward_commands(app);
  add_surrogate_commands(app);
  add_network_options(app);
  add_training_options(app);
  add_proxy_commands(app);
  add_latency_commands(app);
  add_hardware_commands(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& e) {
    return app.exit(e);
  } catch (const CLI::CallForAllHelp& e) {
    return app.exit(e);
  } catch (const CLI::CallForVersion& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    refuse_command_line(app, argc, argv, e.what());
  }
  require_output();
  return 0;
}

std::filesystem::path& program_file() {
  static std::filesystem::path file;
  return file;
}

}  // namespace

const std::filesystem::path& this_program() { return program_file(); }

int run_command_line(int argc, char** argv, const std::filesystem::path& program) {
  program_file() = program;
  try {
    return run(argc, argv);
  } catch (const Error& error) {
    std::cerr << "ridgeline: " << one_line(error.what()) << "\n";
    return error.exit_code();
  } catch (const std::exception& error) {
    std::cerr << "ridgeline: internal error: " << error.what() << "\n";
    return static_cast<int>(ErrorKind::kInternal);
  }
}

}  // namespace ridgeline
