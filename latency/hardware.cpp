#include "latency/hardware.h"

#include <cctype>

#include "core/config_path.h"

namespace ridgeline {
namespace {

const std::optional<double>& rate_of(const MatrixUnit& unit, Precision precision) {
  switch (precision) {
    case Precision::kTf32:
      return unit.tf32;
    case Precision::kBf16:
      return unit.bf16;
    case Precision::kFp16:
      return unit.fp16;
    case Precision::kFp32:
      break;
  }
  return unit.fp32;
}

std::string lower_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// Defaults stand for "not given" in a file that has to give them.
constexpr const char* kRequired[] = {
    "name",          "description",     "default_precision",     "matrix.source",
    "vector.tflops", "vector.source",   "memory.bandwidth_gbps", "memory.size_gib",
    "memory.source", "software.source", "constants.source"};

bool is_given(const YamlView& view, const std::string& key) {
  const size_t dot = key.find('.');
  const auto child = view.is_map() ? view.find(key.substr(0, dot)) : std::nullopt;
  if (!child) return false;
  if (dot != std::string::npos) return is_given(*child, key.substr(dot + 1));
  return !child->is_null() && !(child->is_scalar() && child->as_string().empty());
}

void require_all_given(const YamlView& view) {
  std::vector<std::string> missing;
  for (const char* key : kRequired) {
    if (!is_given(view, key)) missing.emplace_back(key);
  }
  if (missing.empty()) return;
  view.fail("missing or empty: " + join(missing) +
            "; `ridgeline hardware new NAME` prints a file to fill in");
}

}  // namespace

// A fit frees at least these, and none of them comes out neutral.
bool Hardware::calibrated() const {
  return constants.matrix_efficiency != 1 || constants.bandwidth_fraction != 1;
}

double Hardware::peak_flops(Precision precision) const {
  if (const auto& rate = rate_of(matrix, precision)) return *rate * 1e12;
  std::vector<std::string> valid;
  for (const auto& [candidate, text] : EnumNames<Precision>::values) {
    if (rate_of(matrix, candidate)) valid.emplace_back(text);
  }
  throw Error(ErrorKind::kConfig, "hardware " + name + ": no peak rate for " +
                                      enum_name(precision) + "; valid precisions: " + join(valid));
}

Hardware hardware_from_yaml(const YamlView& view) {
  Hardware hardware = read_config<Hardware>(view);
  require_all_given(view);
  if (!rate_of(hardware.matrix, hardware.default_precision)) {
    view.at("default_precision")
        .fail("matrix gives no peak rate for " + enum_name(hardware.default_precision));
  }
  return hardware;
}

std::string hardware_template(const std::string& name) {
  Hardware hardware;
  hardware.name = name;
  return "# A device for the analytic oracles. Fill in the peak rates from its data sheet, and "
         "every "
         "source.\n"
         "# `ridgeline hardware measure` measures them instead; `ridgeline calibrate` fits the "
         "constants.\n" +
         write_config(hardware, /*annotate=*/true);
}

// The figures are the neutral rows of bench_calibration (docs/latency.md).
std::string uncalibrated_note(const Hardware& hardware) {
  return "hardware " + hardware.name +
         " is not calibrated: its constants are neutral, each operator takes what the peak rates "
         "allow. On GPUs and TPUs that were measured, such latencies are 16 to 66 % off on "
         "average, "
         "nearly always too short, at Spearman 0.94 to 0.99, and small batches up to 99 %; see "
         "docs/latency.md to calibrate it";
}

std::vector<std::string> mismatches(const Hardware& hardware, const LatencyConfig& asked) {
  std::vector<std::string> lines;
  if (!hardware.calibrated()) return lines;
  const HoldsFor& holds = hardware.holds_for;
  const auto add = [&](const std::string& fitted, const std::string& wanted) {
    lines.push_back("hardware " + hardware.name + " was calibrated for " + fitted + ", not for " +
                    wanted + "; calibrate it to measurements of that (docs/latency.md)");
  };
  const DeployedConfig& deployed = asked.deployed;
  if (deployed.framework && holds.framework &&
      !lower_case(*holds.framework).starts_with(lower_case(*deployed.framework)))
    add(*holds.framework, "latency.framework " + *deployed.framework);
  if (deployed.layout && holds.layout && deployed.layout != holds.layout)
    add("layout " + enum_name(*holds.layout), enum_name(*deployed.layout));
  if (deployed.compiled && holds.compiled && deployed.compiled != holds.compiled) {
    add(*holds.compiled ? "compiled networks" : "networks that run operator by operator",
        *deployed.compiled ? "compiled ones" : "such that do");
  }
  const Precision precision = asked.precision.value_or(hardware.default_precision);
  if (holds.precision && holds.precision != precision)
    add(enum_name(*holds.precision), enum_name(precision));
  // Launches of kernels decide small batches; a larger one extrapolates well.
  constexpr int kSmaller = 4;
  if (holds.smallest_batch && asked.batch * kSmaller <= *holds.smallest_batch)
    add("batches from " + std::to_string(*holds.smallest_batch) + " on",
        "batch " + std::to_string(asked.batch));
  return lines;
}

Hardware load_hardware(const std::string& name_or_path) {
  return hardware_from_yaml(YamlView::load_file(find_config("hardware", name_or_path)));
}

}  // namespace ridgeline
