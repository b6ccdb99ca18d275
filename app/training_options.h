#pragma once

namespace CLI {
class App;
}

namespace ridgeline {

/// `ridgeline train`.
void add_training_options(CLI::App& app);

}  // namespace ridgeline
