#pragma once

namespace CLI {
class App;
}

namespace ridgeline {

/// `ridgeline doctor`, `init`, `data`, and the commands that run a search or read a run.
void add_run_options(CLI::App& app);
}  // namespace ridgeline
