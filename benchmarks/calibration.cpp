#include "latency/calibration/measurements.h"

#include <algorithm>
#include <iostream>
#include <set>

#include "core/units.h"
#include "latency/calibration/validation.h"

// Prints the error of the analytic oracle on each table of measurements (docs/latency.md): fitted
// to all rows, with whole families held out, the two baselines, and with neutral constants.
// Behind each fitted constant stands the share of its prior's spread that the data left.
// Usage: bench_calibration FOLDER [PART OF A NAME]. FOLDER contains latency/, paper/ and accelnb/.

namespace ridgeline {
namespace {

using std::filesystem::path;

struct Set {
  std::string name;
  std::string hardware;
  std::vector<std::string> files;
  std::vector<std::string> selection;
  std::vector<std::string> without = {};  // families
};

std::vector<Set> sets() {
  std::vector<Set> all = {{"paper, V100",
                           "v100",
                           {"paper/table3_models.csv", "paper/table4_ablation.csv"},
                           {"device=v100"}},
                          {"paper, TPUv3",
                           "tpu_v3",
                           {"paper/table3_models.csv", "paper/table4_ablation.csv"},
                           {"device=tpu_v3"}},
                          {"paper, TPUv3, no RegNet",
                           "tpu_v3",
                           {"paper/table3_models.csv", "paper/table4_ablation.csv"},
                           {"device=tpu_v3"},
                           {"regnety"}},
                          {"pycls, V100 fp32", "v100_pytorch", {"latency/pycls_v100.csv"}, {}}};
  for (const std::string framework : {"1.13-cu117", "2.1.0-cu121", "2.4.0-cu124"}) {
    all.push_back({"timm, RTX 3090, PyTorch " + framework,
                   "rtx_3090",
                   {"latency/timm_infer_rtx3090.csv.gz"},
                   {"device=RTX3090 pytorch-" + framework + " amp nhwc eager"}});
  }
  const std::vector<std::vector<std::string>> nvidia = {
      {"v100_pytorch", "V100-16GB", "PyTorch amp"},
      {"v100_pytorch", "V100-16GB", "PyTorch fp32"},
      {"a100", "A100-80GB", "PyTorch amp"},
      {"a100", "A100-80GB", "PyTorch tf32"},
      {"t4", "T4", "PyTorch amp"},
      {"t4", "T4", "PyTorch fp32"},
      {"v100_pytorch", "V100-16GB", "MxNet amp"},
      {"v100_pytorch", "V100-16GB", "MxNet fp32_or_tf32"},
      {"a100", "A100-80GB", "MxNet amp"},
      {"a100", "A100-80GB", "MxNet fp32_or_tf32"},
      {"t4", "T4", "MxNet amp"},
      {"t4", "T4", "MxNet fp32_or_tf32"},
      {"v100", "V100-16GB", "TensorFlow amp"},
      {"v100", "V100-16GB", "TensorFlow amp xla"},
      {"t4", "T4", "TensorFlow amp"},
      {"a100", "A100-40GB", "TensorFlow amp"},
      {"a100", "A100-40GB", "TensorFlow tf32"}};
  for (const auto& row : nvidia) {
    all.push_back({"NVIDIA, " + row[1] + " " + row[2],
                   row[0],
                   {"latency/nvidia_convnets_infer.csv"},
                   {"device=" + row[1] + " " + row[2]}});
  }
  return all;
}

std::vector<std::string> cells(const std::string& name, const Agreement& in, const Agreement& out) {
  return {name,
          format_fixed(in.mape * 100, 1),
          format_fixed(in.worst * 100, 0),
          format_fixed(out.mape * 100, 1),
          format_fixed(out.worst * 100, 0),
          format_fixed(out.spearman, 3),
          format_fixed(out.kendall, 3)};
}

/// With the peak rates alone, as a device that nobody has calibrated is priced.
std::vector<std::string> neutral_row(Hardware hardware, const std::vector<Sample>& samples) {
  hardware.constants = {};
  std::vector<double> predicted;
  for (const Sample& sample : samples) predicted.push_back(predicted_ms(sample, hardware));
  const Agreement rest = agreement(samples, predicted);
  return {"neutral, nothing fitted",
          "-",
          "-",
          format_fixed(rest.mape * 100, 1),
          format_fixed(rest.worst * 100, 0),
          format_fixed(rest.spearman, 3),
          format_fixed(rest.kendall, 3)};
}

void print_constants(const Fit& fit) {
  for (const FittedConstant& constant : fit.constants) {
    std::cout << "  " << constant.parameter.name << " " << format_fixed(constant.value, 3) << " ("
              << format_fixed(constant.of_prior, 2) << ")";
  }
  std::cout << "\n";
}

/// The device with the software that the set was measured with.
Hardware hardware_of(const Set& set) {
  Hardware hardware = load_hardware(set.hardware);
  if (set.name.find("TensorFlow") != std::string::npos) {
    hardware.software = load_hardware("v100").software;
  }
  // Its graph keeps batch norm as a kernel, with the ReLU inside.
  if (set.name.find("MxNet") != std::string::npos) hardware.software.fuse_relu = true;
  return hardware;
}

void print_set(const path& data, const Set& set) {
  std::vector<path> files;
  for (const std::string& file : set.files) files.push_back(data / file);
  Measurements measurements = read_measurements(files, set.selection);
  std::erase_if(measurements.rows, [&](const Measurement& row) {
    return std::find(set.without.begin(), set.without.end(), row.family) != set.without.end();
  });
  const Hardware hardware = hardware_of(set);
  const std::vector<Sample> samples = make_samples(measurements.rows, hardware);
  std::set<std::string> families;
  for (const Sample& sample : samples) families.insert(sample.family);
  std::cout << "\n"
            << set.name << ": " << samples.size() << " rows, " << families.size() << " families, "
            << measurements.unknown_rows << " rows of networks that are not here\n";
  if (samples.size() < 6) return;
  const Validation oracle = validate(hardware, samples);
  TextTable table;
  table.header = {"model", "in %", "worst", "held %", "worst", "Spearman", "Kendall"};
  table.rows.push_back(
      cells("roofline", agreement(samples, oracle.in_sample), agreement(samples, oracle.held_out)));
  for (const Baseline baseline : {Baseline::kEquation1, Baseline::kPowerLaw}) {
    const BaselineValidation simple = validate_baseline(baseline, samples);
    table.rows.push_back(cells(to_string(baseline), agreement(samples, simple.in_sample),
                               agreement(samples, simple.held_out)));
  }
  table.rows.push_back(neutral_row(hardware, samples));
  std::cout << table.str();
  print_constants(oracle.fit);
}

void print_bench(const path& data, const std::string& name) {
  Hardware hardware = load_hardware(name);
  if (name.rfind("tpu", 0) == 0) {  // one core of the two
    *hardware.matrix.bf16 /= 2;
    hardware.vector.tflops /= 2;
    hardware.memory.bandwidth_gbps /= 2;
  }
  const Measurements measurements =
      read_measurements({data / "accelnb/accel_nasbench.csv.gz"}, {"device=" + name});
  std::vector<Sample> samples = make_samples(measurements.rows, hardware);
  const Split split = validate_split(hardware, samples, 200);
  std::cout << "\nAccel-NASBench, " << name << ": 200 networks fitted, " << split.unseen.size()
            << " predicted\n"
            << "roofline            " << to_string(split.oracle) << "\n"
            << "Equation 1, one E   " << to_string(split.equation1) << "\n"
            << "MAdds + activations " << to_string(split.power_law) << "\n";
  print_constants(split.fit);
  if (split.fit.supplies.empty()) return;
  for (Sample& sample : samples) sample.session.clear();
  std::cout << "with one supply of input for all sessions: "
            << to_string(validate_split(hardware, samples, 200).oracle) << "\n";
}

}  // namespace
}  // namespace ridgeline

int main(int argc, char** argv) {
  using namespace ridgeline;
  if (argc < 2) {
    std::cerr << "usage: bench_calibration FOLDER [PART OF A NAME]\n";
    return 2;
  }
  const std::string part = argc > 2 ? argv[2] : "";
  try {
    for (const Set& set : sets()) {
      if (set.name.find(part) != std::string::npos) print_set(argv[1], set);
    }
    for (const std::string name : {"a100", "rtx_3090", "tpu_v3", "tpu_v2"}) {
      if (("Accel-NASBench, " + name).find(part) != std::string::npos) print_bench(argv[1], name);
    }
  } catch (const Error& error) {
    std::cerr << error.what() << "\n";
    return error.exit_code();
  }
  return 0;
}
