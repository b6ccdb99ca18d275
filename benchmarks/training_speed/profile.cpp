// Where a training step spends its time: one thread, channels-last, fp32, SGD with momentum. Each
// operator of LibTorch is timed by the CPU time of its thread and stands beside the time that the
// machine's peak and memory bandwidth, measured in the same run, would allow.
//
//   bench_training_profile efficientnet_b0 32 128 libtorch    network, pixels, batch, kernels

#include <ATen/ATen.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/training_speed/network.h"
#include "benchmarks/training_speed/training_steps.h"
#include "core/allocator.h"
#include "core/units.h"
#include "runtime/device.h"
#include "runtime/versions.h"

namespace ridgeline {
namespace {

double thread_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

struct Row {
  double ms = 0, flops = 0, bytes = 0;
  int calls = 0;
};
std::map<std::string, Row> rows;  // NOLINT: filled by a callback of LibTorch
int depth = 0;                    // NOLINT: of operators within operators

struct Call : at::ObserverContext {
  double began = 0;
  std::string name;
  double flops = 0, bytes = 0;
  bool outermost = false;
};

std::string sides(const at::Tensor& x) {
  return std::to_string(x.size(2)) + "x" + std::to_string(x.size(3));
}

/// Two operations per multiply-add of one pass over a convolution; the backward pass makes two.
void describe_convolution(Call& call, const at::Tensor& x, const at::Tensor& weight,
                          int64_t stride) {
  const bool backward = call.name.find("backward") != std::string::npos;
  const int64_t groups = weight.size(1) == 0 ? 1 : x.size(1) / weight.size(1);
  const std::string kernel = sides(weight);
  const std::string kind = groups > 1 ? "depthwise " + kernel : "convolution " + kernel;
  const double outputs = static_cast<double>(x.size(0) * weight.size(0)) *
                         static_cast<double>((x.size(2) + stride - 1) / stride) *
                         static_cast<double>((x.size(3) + stride - 1) / stride);
  const auto inputs = static_cast<double>(x.numel());
  const double passes = backward ? 2 : 1;
  call.flops = 2 * passes * outputs * static_cast<double>(weight.numel() / weight.size(0));
  call.bytes = 4 * passes * (inputs + outputs + static_cast<double>(weight.numel()));
  const int64_t side = x.size(2);
  const std::string map = side <= 4 ? "map <= 4" : side <= 8 ? "map <= 8" : "map > 8";
  call.name = kind + ", " + map + (backward ? ", backward" : ", forward");
}

std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
  auto call = std::make_unique<Call>();
  call->name = function.name();
  if (call->name.rfind("aten::", 0) != 0) return nullptr;
  call->outermost = depth++ == 0;
  if (call->outermost) {
    const auto inputs = function.inputs();
    const auto tensor = [&](size_t i) {
      return i < inputs.size() && inputs[i].isTensor() ? inputs[i].toTensor() : at::Tensor();
    };
    if (call->name == "aten::conv2d") {
      describe_convolution(*call, tensor(0), tensor(1), inputs[3].toIntVector()[0]);
    } else if (call->name == "aten::convolution_backward") {
      describe_convolution(*call, tensor(1), tensor(2), inputs[4].toIntVector()[0]);
    } else {
      // At least every tensor that goes in is read once, and as much as the first is written.
      for (size_t i = 0; i < inputs.size(); ++i) {
        if (tensor(i).defined()) call->bytes += static_cast<double>(tensor(i).nbytes());
      }
      if (tensor(0).defined()) call->bytes += static_cast<double>(tensor(0).nbytes());
      call->name = call->name.substr(6);
    }
  }
  call->began = thread_ms();
  return call;
}

void end(const at::RecordFunction& /*function*/, at::ObserverContext* context) {
  auto* call = static_cast<Call*>(context);
  if (call == nullptr) return;
  const double ms = thread_ms() - call->began;
  --depth;
  if (!call->outermost) return;
  Row& row = rows[call->name];
  row.ms += ms;
  row.flops += call->flops;
  row.bytes += call->bytes;
  ++row.calls;
}

template <class Work>
double best_ms(const Work& work) {
  double best = 1e30;
  for (int i = 0; i < 20; ++i) {
    const double start = thread_ms();
    work();
    best = std::min(best, thread_ms() - start);
  }
  return best;
}

struct Peaks {
  double flops_per_ms = 0, bytes_per_ms = 0;
};
Peaks measure_peaks() {
  const at::NoGradGuard no_gradients;
  constexpr int64_t kChannels = 256, kSide = 28, kFloats = int64_t{1} << 25;
  const at::Tensor x = place(at::ones({1, kChannels, kSide, kSide}), at::kCPU);
  const at::Tensor weight =
      at::ones({kChannels, kChannels, 3, 3}).clone(at::MemoryFormat::ChannelsLast);
  const double convolution = best_ms([&] { at::conv2d(x, weight, {}, {1, 1}, {1, 1}); });
  at::Tensor a = at::ones({kFloats}), b = at::ones({kFloats});
  const double copy = best_ms([&] { b.copy_(a); });
  return {2.0 * kChannels * kChannels * 9 * kSide * kSide / convolution, 8.0 * kFloats / copy};
}

int run(const std::string& name, int pixels, int batch, bool own_kernels) {
  set_threads(1);
  const Network network = benchmark_network(name, pixels);
  const Peaks peaks = measure_peaks();
  TrainingSteps training(network, batch, own_kernels);
  training.run(3);
  constexpr int kSteps = 5;
  double total = thread_ms();
  training.run(kSteps);
  total = (thread_ms() - total) / kSteps;

  const auto handle = at::addThreadLocalCallback(
      at::RecordFunctionCallback(begin, end)
          .needsInputs(true)
          .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
  training.run(kSteps);
  at::removeCallback(handle);

  std::cout << name << ", " << network.input_shape().height << " px, batch " << batch << ", "
            << runtime_description() << "\n1 thread: peak "
            << format_fixed(peaks.flops_per_ms / 1e6, 0) << " GFLOP/s, copies "
            << format_fixed(peaks.bytes_per_ms / 1e6, 1) << " GB/s. A step takes "
            << format_fixed(total, 1) << " ms of CPU time: " << format_fixed(batch * 1e3 / total, 0)
            << " images/s\n\n";
  std::vector<std::pair<std::string, Row>> sorted(rows.begin(), rows.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.second.ms > b.second.ms; });
  TextTable table;
  table.header = {"operator", "calls", "ms", "share %", "bound ms", "of the bound %"};
  double other = 0, bound_sum = 0;
  for (const auto& [operation, row] : sorted) {
    const double ms = row.ms / kSteps;
    const double bound =
        std::max(row.flops / peaks.flops_per_ms, row.bytes / peaks.bytes_per_ms) / kSteps;
    bound_sum += bound;
    if (ms < 0.005 * total) {
      other += ms;
      continue;
    }
    table.rows.push_back({operation, std::to_string(row.calls / kSteps), format_fixed(ms, 1),
                          format_fixed(100 * ms / total, 1), format_fixed(bound, 1),
                          format_fixed(100 * bound / ms, 0)});
  }
  table.rows.push_back(
      {"others", "", format_fixed(other, 1), format_fixed(100 * other / total, 1), "", ""});
  table.rows.push_back({"all", "", format_fixed(total, 1), "100", format_fixed(bound_sum, 1),
                        format_fixed(100 * bound_sum / total, 0)});
  std::cout << table.str();
  return 0;
}

}  // namespace
}  // namespace ridgeline

int main(int argc, char** argv) {
  ridgeline::keep_freed_memory();
  try {
    if (argc != 5) {
      std::cerr << "usage: bench_training_profile NETWORK PIXELS BATCH ridgeline|libtorch\n";
      return 2;
    }
    return ridgeline::run(argv[1], std::atoi(argv[2]), std::atoi(argv[3]),
                          std::string(argv[4]) == "ridgeline");
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
