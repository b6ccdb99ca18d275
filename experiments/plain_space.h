#pragma once

#include <functional>

#include "experiments/config.h"

namespace ridgeline {

/// Where a dotted key stands in the user's file, or the map that lacks it.
using KeyPlace = std::function<std::string(const std::string& key)>;

/// Makes a configuration fit its space, or refuses it with the place of the key. Of plain
/// decisions: the tables' keys become the space's decisions where none are given; scaling and the
/// export of networks are switched off, and refused where `view` asks for them; so are evaluators
/// and oracles that need a network. Of networks: the tables are refused, and with
/// accuracy.kind surrogate scaling is switched off. Everywhere:
/// latency.kind none goes with reward.target_ms 1 and without scaling.
void complete_plain_space(ExperimentConfig& config, const YamlView& view, const KeyPlace& place);

}  // namespace ridgeline
