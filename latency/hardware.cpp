#include "latency/hardware.h"

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

// Defaults stand for "not given" in a file that has to give them.
void require_given(const YamlView& view, const char* section, const char* key) {
  view.at(section).at(key);
}

void require_text(const YamlView& view, const char* key, const std::string& value) {
  if (value.empty()) view.at(key).fail("must not be empty");
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
  require_text(view, "name", hardware.name);
  require_text(view, "description", hardware.description);
  view.at("default_precision");
  require_given(view, "vector", "tflops");
  require_given(view, "memory", "bandwidth_gbps");
  require_given(view, "memory", "size_gib");
  require_text(view.at("matrix"), "source", hardware.matrix.source);
  require_text(view.at("vector"), "source", hardware.vector.source);
  require_text(view.at("memory"), "source", hardware.memory.source);
  require_text(view.at("software"), "source", hardware.software.source);
  require_text(view.at("constants"), "source", hardware.constants.source);
  if (!rate_of(hardware.matrix, hardware.default_precision)) {
    view.at("default_precision")
        .fail("matrix gives no peak rate for " + enum_name(hardware.default_precision));
  }
  return hardware;
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

Hardware load_hardware(const std::string& name_or_path) {
  return hardware_from_yaml(YamlView::load_file(find_config("hardware", name_or_path)));
}

}  // namespace ridgeline
