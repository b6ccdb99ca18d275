#pragma once

namespace CLI {
class App;
}

namespace ridgeline {

/// Adds `rerank` and `reward` to the program.
void add_reward_commands(CLI::App& app);

}  // namespace ridgeline
