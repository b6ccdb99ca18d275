#include "accuracy/command/metric_lines.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/config_writer.h"

namespace ridgeline {
namespace {

/// The object that a line is; nothing for a line of the log. Python writes NaN and Infinity, which
/// are no JSON.
std::optional<nlohmann::json> object_of(const std::string& line) {
  const size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string::npos || line[begin] != '{') return std::nullopt;
  std::string text = line;
  for (const char* word : {"-Infinity", "Infinity", "NaN"}) {
    for (size_t at = text.find(word); at != std::string::npos; at = text.find(word))
      text.replace(at, std::string(word).size(), "null");
  }
  auto object = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (object.is_discarded() || !object.is_object()) return std::nullopt;
  return object;
}

/// Null stands for what is no number.
std::optional<double> number_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::nullopt;
  if (found->is_number()) return found->get<double>();
  return std::nan("");
}

int step_of(const nlohmann::json& object, int last) {
  for (const char* key : {"step", "epoch"}) {
    const auto found = object.find(key);
    if (found != object.end() && found->is_number()) return found->get<int>();
  }
  return last + 1;
}

}  // namespace

Evaluation evaluation_of_lines(const std::string& output) {
  Evaluation result;
  std::optional<double> accuracy, loss;
  int step = 0;
  for (size_t begin = 0, end = output.find('\n'); end != std::string::npos;
       begin = end + 1, end = output.find('\n', begin)) {
    const auto object = object_of(output.substr(begin, end - begin));
    if (!object) continue;
    step = step_of(*object, step);
    for (const auto& [key, value] : object->items()) {
      if (value.is_number() && key != "step" && key != "epoch")
        result.metrics.push_back({step, key, value.get<double>()});
    }
    if (const auto found = number_of(*object, "accuracy")) accuracy = found;
    if (const auto found = number_of(*object, "loss")) loss = found;
  }
  result.accuracy = accuracy.value_or(0);
  result.loss = loss.value_or(0);
  if (!accuracy) {
    result.status = TrialStatus::kCrashed;
    result.message =
        "accuracy.command printed no accuracy; valid: lines such as {\"step\": 1, \"accuracy\": "
        "0.5}, each ended by a line break";
  } else if (!(*accuracy >= 0 && *accuracy <= 1) || std::isnan(result.loss)) {
    result.status = TrialStatus::kDiverged;
    result.message = std::isnan(result.loss)
                         ? "the loss is no number"
                         : "the accuracy is " + ConfigWriter::plain_number(*accuracy) +
                               "; valid: a fraction from 0 to 1";
    result.accuracy = 0;
  }
  return result;
}

}  // namespace ridgeline
