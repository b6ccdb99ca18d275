#pragma once

#include <cstdint>
#include <string>

#include "accuracy/evaluator.h"

namespace ridgeline {

/// What one attempt at a trial gave.
struct TrialResult {
  uint64_t id = 0;
  int attempt = 0;
  Evaluation evaluation;
  std::string host = {};      ///< where it ran
  std::string log_tail = {};  ///< end of what a failed process wrote; empty where it is not known
};

}  // namespace ridgeline
