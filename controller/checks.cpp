#include "controller/checks.h"

#include <cmath>
#include <optional>

#include "core/error.h"

namespace ridgeline {
namespace {

/// A visitor of the settings' one description, as the reader and the writer are.
class RangeCheck {
 public:
  template <class T>
  void field(const char* name, const std::optional<T>& value, const FieldInfo& info,
             const UsedBy& = {}) {
    if (value) field(name, *value, info);
  }
  template <class T>
  void field(const char* name, const T& value, const FieldInfo& info, const UsedBy& = {}) {
    if constexpr (std::is_arithmetic_v<T>) {
      const double number = static_cast<double>(value);
      if (number >= info.min && number <= info.max) return;
      throw Error(ErrorKind::kConfig,
                  "controller." + std::string(name) + ": " + ConfigWriter::plain_number(number) +
                      " is out of range; valid: " + ConfigWriter::plain_number(info.min) + " to " +
                      ConfigWriter::plain_number(info.max));
    }
  }
  template <class T>
  void part(T& value, const UsedBy&) {
    value.describe(*this);
  }
};

void check_condition(const std::vector<Decision>& decisions, size_t index) {
  for (const auto& clause : decisions[index].active_when) {
    for (const auto& term : clause.terms) {
      const bool earlier = term.decision >= 0 && static_cast<size_t>(term.decision) < index;
      if (!earlier) {
        throw Error(ErrorKind::kConfig, "decision '" + decisions[index].name +
                                            "': its condition must look at an earlier decision");
      }
      const Decision& condition = decisions[static_cast<size_t>(term.decision)];
      for (const int choice : term.choices) {
        if (choice >= 0 && choice < condition.choices()) continue;
        throw Error(ErrorKind::kConfig,
                    "decision '" + decisions[index].name + "': its condition names choice " +
                        std::to_string(choice) + " of '" + condition.name + "', which has " +
                        std::to_string(condition.choices()) + " choices");
      }
    }
  }
}

}  // namespace

void check_controller_config(const ControllerConfig& config) {
  ControllerConfig copy = config;
  RangeCheck check;
  copy.describe(check);
  const bool unfit =
      config.kind == ControllerKind::kRandom || config.kind == ControllerKind::kNsga2;
  if (unfit && config.screening.value_or(1) > 1) {
    throw Error(ErrorKind::kConfig, std::string("controller.screening: must be 1 with kind ") +
                                        enum_name(config.kind) +
                                        (config.kind == ControllerKind::kRandom
                                             ? ", the baseline that learns nothing"
                                             : ", which wants a front and not the highest reward"));
  }
}

void check_decisions(const std::vector<Decision>& decisions) {
  if (decisions.empty()) {
    throw Error(ErrorKind::kConfig,
                "controller: the search space decides everything; give at least one field a list "
                "of two or more values");
  }
  for (size_t i = 0; i < decisions.size(); ++i) {
    if (decisions[i].choices() < 1) {
      throw Error(ErrorKind::kConfig,
                  "decision '" + decisions[i].name + "': it needs at least one choice");
    }
    check_condition(decisions, i);
  }
}

void check_batch(const std::vector<Decision>& decisions, std::span<const Observation> batch) {
  for (size_t i = 0; i < batch.size(); ++i) {
    const auto& [genotype, reward, weight, objectives] = batch[i];
    if (!std::isfinite(reward)) {
      throw Error(ErrorKind::kInternal, "controller: reward " + std::to_string(i) +
                                            " of the batch is " + std::to_string(reward) +
                                            "; a reward must be a finite number");
    }
    if (!std::isfinite(weight) || weight < 0) {
      throw Error(ErrorKind::kInternal, "controller: importance weight " + std::to_string(i) +
                                            " of the batch is " + std::to_string(weight) +
                                            "; a weight must be finite and at least 0");
    }
    check_genotype(decisions, genotype);
  }
}

}  // namespace ridgeline
