#include "latency/calibration/adapters.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

#include "network/published/known_networks.h"
#include "search_space/architecture.h"

namespace ridgeline {
namespace {

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool starts_with(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

// "RegNetY-4.0GF" is regnety_040: hundreds of millions of multiply-adds in three digits.
std::string regnet_name(const std::string& published) {
  const size_t dash = published.find('-');
  const std::string size = published.substr(dash + 1);
  const double unit = size.ends_with("GF") ? 10 : 0.01;
  std::string digits = std::to_string(std::lround(std::stod(size) * unit));
  digits.insert(0, 3 - std::min<size_t>(3, digits.size()), '0');
  return lower_case(published.substr(0, dash)) + "_" + digits;
}

// "ResNeXt-101" (32x4d) is resnext101_32x4d, "EfficientNet-B0" efficientnet_b0, "Inception-v3"
// inception_v3.
std::string plain_name(const std::string& published) {
  if (starts_with(published, "RegNet")) return regnet_name(published);
  if (published == "NASNet-A") return "nasnetalarge";
  std::string name = lower_case(published);
  const bool numbered = starts_with(name, "resne");
  const size_t dash = name.find('-');
  if (dash != std::string::npos) name.replace(dash, 1, numbered ? "" : "_");
  std::replace(name.begin(), name.end(), '-', '_');
  if (starts_with(name, "resnest")) return name + (name == "resnest50" ? "d" : "e");
  return starts_with(name, "resnext") ? name + "_32x4d" : name;
}

// ---- Tables 3 and 4 of the EfficientNet-X paper

struct PaperDevice {
  const char* name;
  const char* column;
  Precision precision;
  const char* suffix;  // of EfficientNet-X, whose activations depend on the device
};
constexpr PaperDevice kPaperDevices[] = {
    {"tpu_v3", "tpuv3_ms_b128", Precision::kBf16, "_tpu_released"},
    {"v100", "gpuv100_ms_b128", Precision::kFp16, "_gpu_released"}};

std::string reason_against(const std::string& network, const std::string& device) {
  const bool half_chip = network == "ResNet-50" || network == "Inception-v3";
  if (device != "tpu_v3" || !half_chip) return {};
  return "the paper's own I and E imply 427 GB/s, one core of the two that every other row has";
}

std::vector<Measurement> paper_row(const CsvTable& table, size_t row, const std::string& network,
                                   std::string (*name_on)(const std::string&, const PaperDevice&)) {
  std::vector<Measurement> measurements;
  for (const PaperDevice& device : kPaperDevices) {
    Measurement measurement{.network = network,
                            .family = {},
                            .device = device.name,
                            .batch = 128,
                            .precision = device.precision,
                            .latency_ms = table.number(row, device.column),
                            .set_aside = reason_against(network, device.name),
                            .build = {}};
    set_known_network(name_on(network, device), 0, measurement);
    measurements.push_back(std::move(measurement));
  }
  return measurements;
}

std::vector<Measurement> read_table3(const CsvTable& table, size_t row) {
  return paper_row(table, row, table.text(row, "model"),
                   [](const std::string& network, const PaperDevice& device) {
                     const std::string name = plain_name(network);
                     return starts_with(name, "efficientnet_x") ? name + device.suffix : name;
                   });
}

// The first and the last step are rows of Table 3 too.
std::vector<Measurement> read_table4(const CsvTable& table, size_t row) {
  const std::string step = table.text(row, "step_cumulative");
  if (step != "+SpaceToDepth" && step != "+FusedConv") return {};
  return paper_row(table, row, step, [](const std::string& network, const PaperDevice&) {
    return std::string(network == "+SpaceToDepth" ? "efficientnet_b0_s2d"
                                                  : "efficientnet_b0_s2d_fused");
  });
}

// ---- pycls, timm, NVIDIA

std::vector<Measurement> read_pycls(const CsvTable& table, size_t row) {
  Measurement measurement{.network = table.text(row, "model"),
                          .family = {},
                          .device = "V100-16GB",
                          .batch = 64,
                          .precision = Precision::kFp32,
                          .latency_ms = table.number(row, "infer_ms_64img"),
                          .set_aside = {},
                          .build = {}};
  set_known_network(plain_name(measurement.network), 0, measurement);
  return {measurement};
}

// amp runs the matrix unit in half precision; "fp32_or_tf32" is whatever the device's default is.
Precision published_precision(const CsvTable& table, size_t row) {
  const std::string& text = table.text(row, "precision");
  if (text == "amp" || text == "fp16") return Precision::kFp16;
  if (text == "tf32") return Precision::kTf32;
  if (text == "fp32_or_tf32" && starts_with(table.text(row, "gpu"), "A100"))
    return Precision::kTf32;
  if (text == "bf16" || text == "bfloat16") return Precision::kBf16;
  return Precision::kFp32;
}

std::vector<Measurement> read_timm(const CsvTable& table, size_t row) {
  const std::string& model = table.text(row, "model");
  std::string device = table.text(row, "device");
  for (const char* column : {"framework", "precision", "layout", "compiled"}) {
    device += " " + table.text(row, column);
  }
  const double batch = table.number(row, "batch_size");
  Measurement measurement{.network = model,
                          .family = {},
                          .device = device,
                          .batch = static_cast<int>(batch),
                          .precision = published_precision(table, row),
                          .latency_ms = batch / table.number(row, "samples_per_sec") * 1e3,
                          .set_aside = {},
                          .build = {}};
  set_known_network(model.substr(0, model.find('.')),
                    static_cast<int>(table.number(row, "img_size")), measurement);
  return {measurement};
}

std::string nvidia_name(const std::string& model) {
  static const std::map<std::string, std::string> names = {
      {"efficientnet-b0", "efficientnet_b0"},   {"efficientnet-b4", "efficientnet_b4"},
      {"efficientnetv2-s", "efficientnetv2_s"}, {"resnet50v1.5", "resnet50"},
      {"resnext101-32x4d", "resnext101_32x4d"}, {"se-resnext101-32x4d", "seresnext101_32x4d"}};
  const auto found = names.find(model);
  return found == names.end() ? model : found->second;
}

// Throughput, not the mean latency beside it: some rows' means disagree with it by over a quarter.
std::vector<Measurement> read_nvidia(const CsvTable& table, size_t row) {
  if (table.text(row, "throughput_img_s").empty()) return {};
  std::string device = table.text(row, "gpu");
  for (const char* column : {"framework", "precision", "xla"}) {
    if (!table.text(row, column).empty()) device += " " + table.text(row, column);
  }
  const double batch = table.number(row, "batch");
  Measurement measurement{.network = table.text(row, "model"),
                          .family = {},
                          .device = device,
                          .batch = static_cast<int>(batch),
                          .precision = published_precision(table, row),
                          .latency_ms = batch / table.number(row, "throughput_img_s") * 1e3,
                          .set_aside = {},
                          .build = {}};
  set_known_network(nvidia_name(measurement.network),
                    static_cast<int>(table.number(row, "resolution")), measurement);
  return {measurement};
}

// ---- Accel-NASBench: EfficientNet-B0's stages with ReLU, expansion, kernel, depth and SE per
// stage

struct BenchDevice {
  const char* name;
  const char* column;
  int batch;
  Precision precision;
  int sessions[2] = {0, 0};  // ids that begin another one
};
// The batch of the GPUs is not published; at their throughputs any batch that fills them will do.
// The TPUv3's networks without squeeze-and-excite come first (ids below 1795), and what waits for
// its input takes 74 ms at first and 80 at last; from id 1795 on the same again; from id 3725 on 90
// to 97 ms. So they were measured in the order of their ids, in three sessions.
constexpr BenchDevice kBenchDevices[] = {
    {"tpu_v2", "tpuv2_throughput_img_s", 64, Precision::kBf16},
    {"tpu_v3", "tpuv3_throughput_img_s", 128, Precision::kBf16, {1795, 3725}},
    {"a100", "a100_throughput_img_s", 256, Precision::kFp16},
    {"rtx_3090", "3090_throughput_img_s", 256, Precision::kFp16}};

std::string bench_session(const BenchDevice& device, double id) {
  const auto begun = [id](int first) { return first > 0 && id >= first; };
  return std::to_string(
      1 + std::count_if(std::begin(device.sessions), std::end(device.sessions), begun));
}

Architecture bench_architecture(const CsvTable& table, size_t row) {
  constexpr int kStrides[] = {1, 2, 2, 2, 1, 2, 1};
  constexpr int kFilters[] = {16, 24, 40, 80, 112, 192, 320};
  Architecture architecture;
  architecture.name = "accelnb-" + table.text(row, "id");
  architecture.stem.activation = architecture.head.activation = ActivationKind::kRelu;
  for (size_t i = 0; i < 7; ++i) {
    const auto choice = [&](const char* suffix) {
      return static_cast<int>(table.number(row, "b" + std::to_string(i) + suffix));
    };
    architecture.stages.push_back({.op = BlockOperator::kMbConv,
                                   .kernel = choice("_k"),
                                   .expansion = choice("_e"),
                                   .se_ratio = choice("_se") ? 0.25 : 0.0,
                                   .filters = kFilters[i],
                                   .layers = choice("_l"),
                                   .stride = kStrides[i],
                                   .skip = true,
                                   .activation = ActivationKind::kRelu,
                                   .reshape = Reshape::kNone,
                                   .reshape_block = 2});
  }
  return architecture;
}

std::vector<Measurement> read_accelnb(const CsvTable& table, size_t row) {
  const Architecture architecture = bench_architecture(table, row);
  std::vector<Measurement> measurements;
  for (const BenchDevice& device : kBenchDevices) {
    if (table.text(row, device.column).empty()) continue;
    measurements.push_back({.network = architecture.name,
                            .family = "accelnb",
                            .device = device.name,
                            .batch = device.batch,
                            .precision = device.precision,
                            .latency_ms = device.batch / table.number(row, device.column) * 1e3,
                            .set_aside = {},
                            .build = [architecture] { return lower(architecture); },
                            .session = bench_session(device, table.number(row, "id"))});
  }
  return measurements;
}

}  // namespace

void set_known_network(const std::string& name, int resolution, Measurement& measurement) {
  const auto& networks = known_networks();
  const auto found = std::find_if(networks.begin(), networks.end(),
                                  [&](const KnownNetwork& known) { return known.name == name; });
  if (found == networks.end()) return;
  if (measurement.family.empty()) measurement.family = found->family;
  measurement.build = [known = &*found, resolution] {
    return known->build(resolution > 0 ? resolution : known->resolution);
  };
}

const std::vector<TableLayout>& published_layouts() {
  static const std::vector<TableLayout> layouts = {
      {"EfficientNet-X Table 3", {"model", "tpuv3_ms_b128", "gpuv100_ms_b128"}, read_table3},
      {"EfficientNet-X Table 4", {"step_cumulative", "tpuv3_ms_b128"}, read_table4},
      {"pycls", {"model", "config", "infer_ms_64img"}, read_pycls},
      {"timm", {"model", "img_size", "batch_size", "samples_per_sec", "layout"}, read_timm},
      {"NVIDIA DeepLearningExamples", {"gpu", "model", "xla", "throughput_img_s"}, read_nvidia},
      {"Accel-NASBench", {"b0_e", "b6_se", "a100_throughput_img_s"}, read_accelnb}};
  return layouts;
}

}  // namespace ridgeline
