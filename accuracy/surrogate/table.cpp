#include "accuracy/surrogate/table.h"

#include "core/error.h"
#include "core/logging.h"

namespace ridgeline {
namespace {

constexpr const char* kSection = "accuracy.table";

const TableConfig& checked(const TableConfig& config) {
  if (is_accuracy(config.unit)) return config;
  throw Error(ErrorKind::kConfig, std::string(kSection) + ".unit: " + enum_name(config.unit) +
                                      " is a latency's; valid for an accuracy: fraction, percent");
}

void refuse_weights(const TrialSpec& spec) {
  if (spec.weights_path.empty()) return;
  throw Error(
      ErrorKind::kConfig,
      "accuracy.kind table and surrogate train no network, so there are no weights to save: "
      "use kind proxy");
}

}  // namespace

TableEvaluator::TableEvaluator(const TableConfig& config) : table_(checked(config), kSection) {}

Evaluation TableEvaluator::evaluate(const TrialSpec& spec) {
  refuse_weights(spec);
  Evaluation result;
  if (const auto accuracy = table_.find(spec.architecture)) {
    result.accuracy = *accuracy;
  } else {
    result.status = TrialStatus::kInvalid;
    result.message = table_.missing_text(spec.architecture);
  }
  return result;
}

SurrogateEvaluator::SurrogateEvaluator(const TableConfig& config)
    : surrogate_(checked(config), kSection) {
  spdlog::info("accuracy: surrogate of {}", surrogate_.description());
}

Evaluation SurrogateEvaluator::evaluate(const TrialSpec& spec) {
  refuse_weights(spec);
  Evaluation result;
  if (const auto accuracy = surrogate_.predict(spec.architecture)) {
    result.accuracy = *accuracy;
  } else {
    result.status = TrialStatus::kInvalid;
    result.message =
        "accuracy.table: no fitted row has a choice of " + choices_text(spec.architecture);
  }
  return result;
}

}  // namespace ridgeline
