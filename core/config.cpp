#include "core/config.h"

#include <charconv>
#include <cmath>

#include "core/quantity.h"

namespace ridgeline {

std::optional<YamlView> ConfigReader::claim(const char* name) {
  known_.emplace_back(name);
  return view_.find(known_.back());
}

bool ConfigReader::is_used(const YamlView& child, const char* name, const UsedBy& use) const {
  const UsedBy& rule = unused_part_ ? *unused_part_ : use;
  if (rule.chosen) return true;
  if (unused_ && !child.is_null()) {
    unused_->push_back(view_.where(name) + ": has no effect with " + view_.child_key(rule.key) +
                       " " + rule.value + "; used by: " + rule.kinds);
  }
  return false;
}

double ConfigReader::number(const YamlView& view, const FieldInfo& info) {
  const auto value = *info.unit && view.is_scalar()
                         ? quantity_from_text(view.node().Scalar(), info.unit)
                         : std::nullopt;
  if (*info.unit && view.is_scalar() && !value) {
    view.fail("must be a number, with or without its unit " + std::string(info.unit) + ", not '" +
              view.node().Scalar() + "'");
  }
  const double result = value ? *value : view.as_double();
  check_range(view, result, info);
  return result;
}

void ConfigReader::check_range(const YamlView& view, double number, const FieldInfo& info) {
  if (!std::isfinite(number)) view.fail("must be a finite number");
  if (number >= info.min && number <= info.max) return;
  std::string valid;
  if (std::isfinite(info.min) && std::isfinite(info.max)) {
    valid = "from " + ConfigWriter::plain_number(info.min) + " to " +
            ConfigWriter::plain_number(info.max);
  } else if (std::isfinite(info.min)) {
    valid = "at least " + ConfigWriter::plain_number(info.min);
  } else {
    valid = "at most " + ConfigWriter::plain_number(info.max);
  }
  view.fail("out of range: " + ConfigWriter::plain_number(number) + "; valid: " + valid +
            (*info.unit ? " " + std::string(info.unit) : ""));
}

std::string ConfigWriter::plain_number(double value) {
  if (std::abs(value) < 1e15 && value == std::trunc(value)) {
    return std::to_string(static_cast<int64_t>(value));
  }
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;  // shortest exact text
  return {buffer, end};
}

std::string ConfigWriter::number_text(double value) {
  std::string text = plain_number(value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string ConfigWriter::quoted(const std::string& value) {
  YAML::Emitter out;
  out << YAML::DoubleQuoted << value;
  return out.c_str();
}

std::string ConfigWriter::Inline::str() const { return std::string("{") + join(parts_) + "}"; }

void ConfigWriter::comment(const FieldInfo& info, const UsedBy& use,
                           const std::vector<std::string>& choices) {
  const std::string& kinds = use.kinds.empty() ? kinds_ : use.kinds;
  text_ += std::string(static_cast<size_t>(indent_), ' ') + "# " +
           (kinds.empty() ? "" : kinds + ": ") + info.help;
  if (*info.unit) text_ += " [" + std::string(info.unit) + "]";
  const bool low = std::isfinite(info.min), high = std::isfinite(info.max);
  if (low && high) {
    text_ += " (" + plain_number(info.min) + " .. " + plain_number(info.max) + ")";
  } else if (low || high) {
    text_ += low ? " (>= " + plain_number(info.min) + ")" : " (<= " + plain_number(info.max) + ")";
  }
  if (!choices.empty()) text_ += " {" + join(choices, " | ") + "}";
  text_ += "\n";
}

void ConfigWriter::key(const char* name, const std::string& value, const UsedBy& use) {
  const bool used = used_ && use.chosen;
  if (!used && !annotate_) return;
  text_ += std::string(static_cast<size_t>(indent_), ' ') + (used ? "" : "#") + name + ":" +
           (value.empty() ? "" : " ") + value + "\n";
}

}  // namespace ridgeline
