#include "experiments/config_places.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace ridgeline {
namespace {

/// Keys whose values begin an error's message, with that beginning.
std::vector<std::pair<std::string, std::string>> named_values(const ExperimentConfig& config) {
  std::vector<std::pair<std::string, std::string>> named;
  const auto add = [&](const std::string& key, const std::string& value) {
    if (!value.empty()) named.emplace_back(key, value);
  };
  const DataConfig& data = config.accuracy.data;
  add("accuracy.data.path", data.path);
  add("accuracy.data.idx.train_images", data.idx.train_images);
  add("accuracy.data.idx.train_labels", data.idx.train_labels);
  add("accuracy.data.idx.test_images", data.idx.test_images);
  add("accuracy.data.idx.test_labels", data.idx.test_labels);
  add("accuracy.table.path", config.accuracy.table.path);
  add("accuracy.surrogate", config.accuracy.surrogate);
  const auto targets = config.targets();
  for (size_t i = 0; i < targets.size(); ++i) {
    const LatencyConfig& latency = targets[i].latency;
    add(oracle_key(i) + ".hardware", "hardware: no file for '" + latency.hardware + "'");
    add(oracle_key(i) + ".table", latency.table);
    add(oracle_key(i) + ".table_file.path", latency.table_file.path);
  }
  return named;
}

/// The dotted key that a message begins with; empty: none.
std::string leading_key(const std::string& message) {
  const size_t end = message.find(':');
  if (end == std::string::npos) return {};
  const std::string key = message.substr(0, end);
  const bool dotted = std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '.' || c == '[' || c == ']';
  });
  return dotted ? key : std::string();
}

/// The message with the place of the key that it is about; as it is where that is no key.
std::string placed(const ExperimentConfig& config, const std::string& message) {
  if (!config.place_of) return message;
  const std::string key = leading_key(message);
  const std::string place = key.empty() ? std::string() : config.place_of(key);
  if (!place.empty()) return place + message.substr(key.size());
  for (const auto& [named, beginning] : named_values(config)) {
    const std::string at = message.starts_with(beginning) ? config.place_of(named) : std::string();
    if (!at.empty()) return at + ": " + message;
  }
  return message;
}

}  // namespace

void at_places(const ExperimentConfig& config, const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    const std::string message = placed(config, error.what());
    if (message == error.what()) throw;
    throw Error(error.kind(), message);
  }
}

}  // namespace ridgeline
