#include "experiments/executors/trial_file.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/random.h"

namespace ridgeline {
namespace {

using nlohmann::json;

constexpr int kTrialFileFormat = 1;
constexpr const char* kStopAfterEpoch = "stop_after_epoch";

json parse(const std::filesystem::path& path) {
  json document;
  try {
    document = json::parse(read_file(path));
    if (document.at("format").get<int>() != kTrialFileFormat) throw std::invalid_argument("format");
  } catch (const Error&) {
    throw;
  } catch (const std::exception&) {
    throw Error(ErrorKind::kRun, path.string() + ": is no trial file of this version");
  }
  return document;
}

}  // namespace

void write_trial_file(const std::filesystem::path& path, const TrialFile& file) {
  json document = {{"format", kTrialFileFormat},
                   {"accuracy", write_config(file.accuracy)},
                   {"architecture", to_yaml(file.spec.architecture)},
                   {"seed", file.spec.seed},
                   {"trial_id", file.spec.trial_id},
                   {"epochs", file.spec.epochs},
                   {"test_split", file.spec.test_split},
                   {"weights_path", file.spec.weights_path},
                   {"alone", file.spec.alone}};
  if (file.spec.stop_after_epoch > 0) document[kStopAfterEpoch] = file.spec.stop_after_epoch;
  write_file_atomic(path, document.dump(1) + "\n");
}

TrialFile read_trial_file(const std::filesystem::path& path) {
  const json document = parse(path);
  try {
    const std::string where = path.string();
    TrialFile file;
    file.accuracy = read_config<AccuracyConfig>(
        YamlView::parse(document.at("accuracy").get<std::string>(), where + ": accuracy"));
    file.spec.architecture = architecture_from_yaml(
        YamlView::parse(document.at("architecture").get<std::string>(), where + ": architecture"));
    document.at("seed").get_to(file.spec.seed);
    document.at("trial_id").get_to(file.spec.trial_id);
    document.at("epochs").get_to(file.spec.epochs);
    document.at("test_split").get_to(file.spec.test_split);
    document.at("weights_path").get_to(file.spec.weights_path);
    file.spec.stop_after_epoch = document.value(kStopAfterEpoch, 0);
    file.spec.alone = document.value("alone", false);
    return file;
  } catch (const json::exception& e) {
    throw Error(ErrorKind::kRun, path.string() + ": is no trial file: " + e.what());
  }
}

uint64_t training_identity(const std::filesystem::path& path) {
  json document = parse(path);
  document.erase(kStopAfterEpoch);
  return hash_text(document.dump(1) + "\n");
}

void write_result_file(const std::filesystem::path& path, const Evaluation& evaluation) {
  json metrics = json::array();
  for (const auto& [epoch, name, value] : evaluation.metrics)
    metrics.push_back({{"epoch", epoch}, {"name", name}, {"value", value}});
  const json document = {{"format", kTrialFileFormat},
                         {"status", enum_name(evaluation.status)},
                         {"accuracy", evaluation.accuracy},
                         {"loss", evaluation.loss},
                         {"seconds", evaluation.seconds},
                         {"message", evaluation.message},
                         {"metrics", metrics}};
  // A diverged loss is NaN or infinite, which JSON writes as null.
  write_file_atomic(path, document.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

Evaluation read_result_file(const std::filesystem::path& path) {
  const json document = parse(path);
  try {
    Evaluation evaluation;
    const auto number = [&](const char* key) {
      return document.at(key).is_null() ? 0.0 : document.at(key).get<double>();
    };
    // An accuracy that JSON could not write stays one that is none (`checked`).
    evaluation.accuracy = document.at("accuracy").is_null()
                              ? std::numeric_limits<double>::quiet_NaN()
                              : document.at("accuracy").get<double>();
    evaluation.loss = number("loss");
    evaluation.seconds = number("seconds");
    document.at("message").get_to(evaluation.message);
    for (const auto& metric : document.value("metrics", json::array())) {
      if (metric.at("value").is_null()) continue;
      evaluation.metrics.push_back({metric.at("epoch").get<int>(),
                                    metric.at("name").get<std::string>(),
                                    metric.at("value").get<double>()});
    }
    evaluation.status = enum_from_yaml<TrialStatus>(
        YamlView::word(document.at("status").get<std::string>(), path.string() + ": status"));
    return evaluation;
  } catch (const json::exception& e) {
    throw Error(ErrorKind::kRun, path.string() + ": is no result file: " + e.what());
  }
}

}  // namespace ridgeline
