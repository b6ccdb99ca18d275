#pragma once

#include <CLI/CLI.hpp>

namespace ridgeline {

/// The commands under `ridgeline proxy`.
void add_proxy_commands(CLI::App& app);

}  // namespace ridgeline
