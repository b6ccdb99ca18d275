#pragma once

namespace CLI {
class App;
}

namespace ridgeline {

/// `ridgeline latency build-table | measure`.
void add_latency_commands(CLI::App& app);
/// `ridgeline hardware measure | list | show`.
void add_hardware_commands(CLI::App& app);

}  // namespace ridgeline
