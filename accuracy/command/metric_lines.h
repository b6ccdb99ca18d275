#pragma once

#include <string>

#include "accuracy/evaluator.h"

namespace ridgeline {

/// What a training program printed: each line that is a JSON object such as {"step": 3, "loss":
/// 0.21, "accuracy": 0.93} is a point of the learning curve; other lines are its log. `accuracy`
/// (a fraction of held-out images) and `loss` of the last line that has them are the result.
/// A line that the program did not end is no line yet. Without an accuracy the status is
/// `kCrashed`; an accuracy outside of 0 .. 1 or a loss that is no number is `kDiverged`.
Evaluation evaluation_of_lines(const std::string& output);

}  // namespace ridgeline
