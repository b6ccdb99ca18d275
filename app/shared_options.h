#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace ridgeline {

// What the options of several commands share.

inline CLI::App* command(CLI::App& app, const std::string& name, const std::string& what,
                         const std::string& example) {
  CLI::App* sub = app.add_subcommand(name, what);
  sub->footer("example:\n  " + example);
  return sub;
}

inline void add_settings(CLI::App* sub, std::vector<std::string>& settings,
                         const std::string& help) {
  sub->add_option("--set", settings, help)
      ->type_name("KEY=VALUE")
      ->take_all()
      ->allow_extra_args(false);
}

inline void add_strict(CLI::App* sub, bool& strict) {
  sub->add_flag("--strict", strict, "refuse keys that the chosen kinds do not use");
}

}  // namespace ridgeline
