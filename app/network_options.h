#pragma once

namespace CLI {
class App;
}

namespace ridgeline {

/// `ridgeline scale`, `export`, `verify`, `networks`, `profile`, `validate`, `reference`,
/// `roofline`, `calibrate`.
void add_network_options(CLI::App& app);
/// `ridgeline evaluate`.
void add_evaluate_options(CLI::App& app);

}  // namespace ridgeline
