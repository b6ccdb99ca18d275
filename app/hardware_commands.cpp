#include <iostream>
#include <optional>

#include "app/latency_commands.h"
#include "core/config_path.h"
#include "core/file.h"
#include "core/logging.h"
#include "core/progress.h"
#include "core/units.h"
#include "latency/measurement/hardware_probe.h"
#include "runtime/device.h"

namespace ridgeline {

void hardware_measure_command(const HardwareMeasureOptions& options) {
  if (options.threads < 1) throw Error(ErrorKind::kUsage, "--threads: must be at least 1");
  warn_if_blas_is_slow();
  const std::filesystem::path out = options.out;
  if (!(options.time_limit_s > 0)) throw Error(ErrorKind::kUsage, "--time-limit: must be > 0");
  const std::filesystem::path journal = out.string() + ".part";
  if (std::filesystem::exists(journal))
    spdlog::info("goes on with the figures in {}; delete it to measure them again",
                 journal.string());
  std::optional<ProgressBar> bar;
  const Hardware hardware =
      probe_hardware({.name = out.stem().string(),
                      .device = options.device,
                      .threads = options.threads,
                      .time_limit_s = options.time_limit_s,
                      .journal = journal,
                      .progress =
                          [&](int done, int total, const std::string& what) {
                            if (!bar) bar.emplace("hardware", total);
                            bar->update(done, what);
                          }},
                     [](const std::string& figure) { spdlog::info("measured: {}", figure); });
  bar.reset();
  const std::string text = write_config(hardware);
  // What cannot be read back must not be written.
  hardware_from_yaml(YamlView::parse(text, out.string()));
  write_file_atomic(
      out, "# Measured on this machine; see `ridgeline calibrate` for the constants.\n" + text);
  std::filesystem::remove(journal);
  std::cout << out.string() << ": " << hardware.description << "\n";
}

void hardware_list_command() {
  TextTable table{
      {"name", "fp32 TFLOP/s", "16-bit TFLOP/s", "GB/s", "GiB", "constants", "description"}, {}};
  for (const auto& name : config_names("hardware")) {
    const Hardware hardware = load_hardware(name);
    const auto rate = [](const std::optional<double>& tflops) {
      return tflops ? format_fixed(*tflops, 1) : std::string("-");
    };
    const MatrixUnit& matrix = hardware.matrix;
    table.rows.push_back(
        {name, rate(matrix.fp32), rate(matrix.bf16 ? matrix.bf16 : matrix.fp16),
         format_fixed(hardware.memory.bandwidth_gbps, 0), format_fixed(hardware.memory.size_gib, 0),
         hardware.calibrated() ? "calibrated" : "not calibrated", hardware.description});
  }
  std::cout << table.str()
            << "not calibrated: data-sheet rates and neutral constants; `ridgeline hardware show "
               "NAME` says what to expect of them\n";
}

void hardware_show_command(const std::string& name) {
  const Hardware hardware = load_hardware(name);
  if (!hardware.calibrated()) std::cout << "# " << uncalibrated_note(hardware) << "\n";
  std::cout << write_config(hardware, true);
}

void hardware_new_command(const std::string& name) { std::cout << hardware_template(name); }

}  // namespace ridgeline
