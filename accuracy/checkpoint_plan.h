#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace ridgeline {

/// How a training may be broken off and taken up again. Nothing here changes its result.
struct CheckpointPlan {
  std::string path = {};  ///< file of the training's state; empty: none is kept
  uint64_t identity = 0;  ///< of all that the result depends on
  double every_s = 0;     ///< between two writes; 0: only when asked to stop
  std::function<bool()> stop_asked = nullptr;     ///< looked at after each step; null: never
  std::function<void()> between_steps = nullptr;  ///< called before each step; null: nothing is
};

}  // namespace ridgeline
