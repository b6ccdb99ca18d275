#include "latency/measurement/hardware_probe.h"

#include <ATen/ATen.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "core/file.h"
#include "core/units.h"
#include "latency/measurement/csv_line.h"
#include "latency/measurement/cuda_timer.h"
#include "latency/measurement/device_name.h"
#include "latency/measurement/drift_correction.h"
#include "latency/measurement/measuring_scope.h"
#include "runtime/device.h"
#include "runtime/gpu.h"

namespace ridgeline {
namespace {

using Clock = std::chrono::steady_clock;

struct Rate {
  double per_second = 0;
  std::string what;  ///< "a convolution 3x3, 128 to 128 channels, 8 x 28 x 28"
  double half_width = 0;
  std::string disturbed = {};  ///< as `CorrectedTiming` says
};

/// The rates measured so far, as CSV: a measurement that is cut off goes on where it was.
class RateJournal {
 public:
  RateJournal(std::filesystem::path path, const std::string& place)
      : path_(std::move(path)), place_(plain_field(place)) {
    if (path_.empty() || !std::filesystem::exists(path_)) return;
    std::string text = read_file(path_);
    text.resize(text.rfind('\n') + 1);  // a kill may have cut the last line
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const auto fields = split_fields(line);
      if (fields.size() != 5 || fields[4] != place_) continue;
      try {
        rates_[fields[0]] = {std::stod(fields[1]), "", std::stod(fields[2]), fields[3]};
      } catch (const std::exception&) {  // measured again
      }
    }
    write_file_atomic(path_, text);
  }

  /// Fills all but `what`.
  bool find(const std::string& key, Rate& rate) const {
    const auto found = rates_.find(plain_field(key));
    if (found == rates_.end()) return false;
    std::string what = std::move(rate.what);
    rate = found->second;
    rate.what = std::move(what);
    return true;
  }

  void add(const std::string& key, const Rate& rate) {
    if (path_.empty()) return;
    std::ofstream file(path_, std::ios::app);
    file << plain_field(key) << "," << ConfigWriter::plain_number(rate.per_second) << ","
         << ConfigWriter::plain_number(rate.half_width) << "," << plain_field(rate.disturbed) << ","
         << place_ << "\n"
         << std::flush;
    if (!file) throw Error(ErrorKind::kIo, path_.string() + ": cannot be written");
  }

 private:
  std::filesystem::path path_;
  std::string place_;
  std::map<std::string, Rate> rates_;
};

class Probe {
 public:
  Probe(const at::Device& device, const RunPlace& place, const ProbeSettings& settings, int total)
      : device_(device),
        settings_(settings),
        total_(total),
        scope_(device, place.threads, Precision::kFp32),
        meter_(place),
        journal_(settings.journal, place.device_text() + "; " + runtime_description()) {}

  Rate best_matrix_rate(Precision precision) const {
    scope_.use(precision);
    precision_ = enum_name(precision);
    const at::ScalarType dtype = dtype_of(precision, device_);
    // A GPU needs more work at once than a core does to show its peak.
    const int64_t side = device_.is_cuda() ? 8192 : 1024;
    const int64_t batch = device_.is_cuda() ? 256 : 8;
    Rate best = matrix_product(side, dtype);
    for (const int64_t kernel : {1, 3}) {
      const Rate rate = convolution(kernel, batch, dtype);
      if (rate.per_second > best.per_second) best = rate;
    }
    return best;
  }

  Rate depthwise_rate() const {
    scope_.use(Precision::kFp32);
    precision_ = enum_name(Precision::kFp32);
    constexpr int64_t kChannels = 64, kSide = 28, kKernel = 3;
    const int64_t batch = device_.is_cuda() ? 512 : 1;
    const at::Tensor x = images({batch, kChannels, kSide, kSide}, at::kFloat);
    const at::Tensor weight = images({kChannels, 1, kKernel, kKernel}, at::kFloat);
    const double flops = 2.0 * static_cast<double>(x.numel()) * kKernel * kKernel;
    return rate(flops, "a depthwise convolution 3x3 in fp32, " + text(x) + ", within the cache",
                [&] { at::conv2d(x, weight, {}, 1, 1, 1, kChannels); });
  }

  Rate bandwidth() const {
    const int64_t elements = device_.is_cuda() ? 1 << 28 : 1 << 25;
    const at::Tensor a = at::ones({elements}, options(at::kFloat)), b = at::ones_like(a);
    at::Tensor sum = at::empty_like(a);
    return rate(3.0 * 4 * static_cast<double>(elements),
                "a triad c = a + s b of three arrays of " +
                    format_bytes(4.0 * static_cast<double>(elements)) +
                    " (two reads and a write each)",
                [&] { at::add_out(sum, a, b, 0.5); });
  }

  /// Seconds that one operator takes with nothing to do, from a long row of them.
  double operator_seconds() const {
    constexpr int kRow = 1000;
    const at::Tensor x = at::ones({1, 1, 1, 1}, options(at::kFloat));
    const Rate row = rate(kRow, "an operator with nothing to do", [&] {
      for (int i = 0; i < kRow; ++i) at::relu(x);
    });
    return 1 / row.per_second;
  }

 private:
  at::TensorOptions options(at::ScalarType dtype) const {
    return at::TensorOptions().device(device_).dtype(dtype);
  }
  at::Tensor images(at::IntArrayRef shape, at::ScalarType dtype) const {
    return at::full(shape, 0.5, options(dtype)).clone(at::MemoryFormat::ChannelsLast);
  }
  static std::string text(const at::Tensor& x) {
    std::vector<std::string> sides;
    for (const int64_t side : x.sizes()) sides.push_back(std::to_string(side));
    return join(sides, " x ");
  }

  Rate matrix_product(int64_t side, at::ScalarType dtype) const {
    const at::Tensor a = at::full({side, side}, 0.5, options(dtype)), b = a.clone();
    const double flops = 2.0 * static_cast<double>(side * side) * static_cast<double>(side);
    return rate(flops, "a matrix product of side " + std::to_string(side), [&] { at::mm(a, b); });
  }

  Rate convolution(int64_t kernel, int64_t batch, at::ScalarType dtype) const {
    const int64_t channels = kernel == 1 ? 512 : 128, side = 28;
    const at::Tensor x = images({batch, channels, side, side}, dtype);
    const at::Tensor weight = images({channels, channels, kernel, kernel}, dtype);
    const double flops =
        2.0 * static_cast<double>(x.numel()) * static_cast<double>(channels * kernel * kernel);
    const std::string size = std::to_string(kernel) + "x" + std::to_string(kernel);
    return rate(
        flops,
        "a convolution " + size + " to " + std::to_string(channels) + " channels, " + text(x),
        [&] { at::conv2d(x, weight, {}, 1, (kernel - 1) / 2); });
  }

  template <class Work>
  Rate rate(double amount, std::string what, Work work) const {
    const at::NoGradGuard no_grad;
    std::optional<CudaTimer> timer;
    const auto run_ms = [&] {
      if (!device_.is_cuda()) {
        const auto start = Clock::now();
        work();
        return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
      }
      if (!timer) timer.emplace(device_, 2);
      timer->mark(0);
      work();
      timer->mark(1);
      return timer->ms_between(0, 1);
    };
    Rate result{.what = std::move(what)};
    const std::string key = precision_ + " " + result.what;
    if (!journal_.find(key, result)) {
      const double until = spent() + seconds_left() / (total_ - done_);
      const double first_ms = run_ms();
      const double share = (until - spent()) / kDriftAttempts;
      const TimingRules rules = rules_within(settings_.rules, share, first_ms / 1e3);
      Timing timing = judge({first_ms}, rules.half_width);
      const auto in_time =
          [&](size_t) {  // another attempt, and a second run, only where time is left
            if (spent() + first_ms / 1e3 < until) timing = time_median(rules, run_ms);
            return timing;
          };
      meter_.measure(1, in_time, [&](size_t, const CorrectedTiming& measured) {
        result.per_second = amount / (measured.timing.median_ms / 1e3);
        result.half_width = measured.timing.relative_half_width();
        result.disturbed = measured.disturbed;
      });
      journal_.add(key, result);
    }
    ++done_;
    if (settings_.progress) settings_.progress(done_, total_, result.what);
    return result;
  }

  double spent() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  double seconds_left() const { return std::max(0.0, settings_.time_limit_s - spent()); }

  static constexpr int kDriftAttempts = DriftRules{}.attempts;

  at::Device device_;
  const ProbeSettings& settings_;
  int total_;  ///< rates
  mutable int done_ = 0;
  mutable std::string precision_;
  Clock::time_point start_ = Clock::now();
  MeasuringScope scope_;
  mutable DriftMeter meter_;
  mutable RateJournal journal_;
};

/// Those that the device has.
std::vector<Precision> precisions_of(const at::Device& device) {
  std::vector<Precision> result;
  for (const auto& [precision, name] : EnumNames<Precision>::values) {
    try {
      dtype_of(precision, device);
      result.push_back(precision);
    } catch (const Error&) {  // not this one
    }
  }
  return result;
}

/// Floats in a vector of the widest instructions here, in which oneDNN lays out channels.
double vector_lanes() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return 16;
  if (__builtin_cpu_supports("avx2")) return 8;
#endif
  return 4;
}

std::string sure(const Rate& rate) {
  const std::string known = rate.half_width > 0
                                ? "median to +-" + format_fixed(100 * rate.half_width, 1) + " %"
                                : std::string("a single run");
  return rate.what + ", " + known + (rate.disturbed.empty() ? "" : " (" + rate.disturbed + ")");
}

MatrixUnit probe_matrix(const Probe& probe, const at::Device& device,
                        const std::function<void(const std::string&)>& note) {
  MatrixUnit unit;
  std::vector<std::string> sources;
  for (const Precision precision : precisions_of(device)) {
    const std::string name = enum_name(precision);
    const Rate best = probe.best_matrix_rate(precision);
    const double tflops = best.per_second / 1e12;
    if (precision == Precision::kFp32) unit.fp32 = tflops;
    if (precision == Precision::kTf32) unit.tf32 = tflops;
    if (precision == Precision::kBf16) unit.bf16 = tflops;
    if (precision == Precision::kFp16) unit.fp16 = tflops;
    sources.push_back(name + " by " + sure(best));
    note(name + " " + format_count(best.per_second) + "FLOP/s");
  }
  unit.source =
      "Measured by ridgeline hardware measure, the fastest of a matrix product and two "
      "convolutions: " +
      join(sources, "; ");
  return unit;
}

}  // namespace

TimingRules rules_within(TimingRules rules, double share_s, double run_s) {
  const double runs = std::floor(share_s / std::max(run_s, 1e-9));
  const auto at_most = [&](int count) {
    return static_cast<int>(std::min(static_cast<double>(count), runs));
  };
  rules.min_runs = std::max(1, at_most(rules.min_runs));
  rules.max_runs = std::max(1, at_most(rules.max_runs));
  if (runs < rules.min_runs + rules.warmup) rules.warmup = 0;
  rules.time_limit_s = std::min(rules.time_limit_s, share_s);
  return rules;
}

Hardware probe_hardware(const ProbeSettings& settings,
                        const std::function<void(const std::string&)>& note) {
  const at::Device device = device_from_text(settings.device);
  const RunPlace place{.device = settings.device, .threads = settings.threads};
  const std::string device_is = place.device_text();
  // Per precision a product and two convolutions; then the depthwise rate, the triad, the operator.
  const int rates = 3 * static_cast<int>(precisions_of(device).size()) + 3;
  const Probe probe(device, place, settings, rates);
  Hardware hardware;
  hardware.name = settings.name;
  hardware.description = device_is + ", as LibTorch runs it";
  hardware.matrix = probe_matrix(probe, device, note);
  const Rate depthwise = probe.depthwise_rate();
  hardware.vector = {depthwise.per_second / 1e12,
                     "Measured by ridgeline hardware measure: " + sure(depthwise)};
  note("depthwise " + format_count(depthwise.per_second) + "FLOP/s");
  const Rate triad = probe.bandwidth();
  hardware.memory = {
      triad.per_second / 1e9,
      (device.is_cuda() ? cuda_memory_bytes(device.index()) : cpu_memory_bytes()) / (1 << 30),
      "Bandwidth measured by ridgeline hardware measure: " + sure(triad) +
          "; size as the system tells it"};
  note("memory " + format_fixed(hardware.memory.bandwidth_gbps, 1) + " GB/s");
  hardware.software = {.stack = runtime_description() + ", eager",
                       .fold_batch_norm = false,
                       .fuse_relu = false,
                       .cpu_kernels = device.is_cpu(),
                       .source = "Eager execution launches one kernel per operator"};
  hardware.holds_for = {.framework = "PyTorch (" + runtime_description() + ")",
                        .layout = MemoryFormat::kChannelsLast,
                        .compiled = false};
  if (device.is_cpu()) {
    hardware.constants.output_tile = vector_lanes();
    hardware.constants.cache_mib =
        std::max(0.0, static_cast<double>(sysconf(_SC_LEVEL2_CACHE_SIZE)) / (1 << 20));
  }
  hardware.constants.overhead_us = 1e6 * probe.operator_seconds();
  hardware.constants.source =
      "overhead_us measured by ridgeline hardware measure: a row of 1000 ReLUs of one element; on "
      "a CPU output_tile: floats of its widest vector, cache_mib: a core's second-level cache; the "
      "others are neutral: calibrate them";
  note("operator " + format_fixed(hardware.constants.overhead_us, 2) + " us");
  return hardware;
}

}  // namespace ridgeline
