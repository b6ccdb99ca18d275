#include "runtime/device.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/cuda.h>
#include <torch/nn/module.h>
#include <torch/version.h>

#include <chrono>
#include <cstdlib>
#include <sstream>

#include "core/logging.h"
#include "runtime/torch_compat.h"

namespace ridgeline {

namespace {

bool is_indexed_cuda(const std::string& text) {
  return text.starts_with("cuda:") && text.size() > 5 &&
         text.find_first_not_of("0123456789", 5) == std::string::npos && text.size() < 9;
}

}  // namespace

void check_device_name(const std::string& text) {
  if (text == "cpu" || text == "cuda" || is_indexed_cuda(text)) return;
  throw Error(ErrorKind::kConfig, "device '" + text + "' is not known; valid: cpu, cuda, cuda:N");
}

torch::Device device_from_text(const std::string& text) {
  check_device_name(text);
  if (text == "cpu") return torch::kCPU;
  const int count = static_cast<int>(torch::cuda::device_count());
  const int index = is_indexed_cuda(text) ? std::stoi(text.substr(5)) : 0;
  if (index >= count) {
    throw Error(ErrorKind::kConfig,
                "device '" + text + "' is not there: this LibTorch sees " + std::to_string(count) +
                    " CUDA devices; valid: cpu" +
                    (count > 0 ? ", cuda:0 to cuda:" + std::to_string(count - 1) : ""));
  }
  return {torch::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

bool device_is_here(const std::string& text) {
  check_device_name(text);
  try {
    device_from_text(text);
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::string device_of_rank(const std::string& text, int local_rank, bool own_gpu) {
  const torch::Device first = device_from_text(text);
  if (!first.is_cuda()) return text;
  const bool alone = own_gpu && torch::cuda::device_count() == 1;
  return "cuda:" + std::to_string(first.index() + (alone ? 0 : local_rank));
}

std::vector<std::string> visible_gpus() {
  std::vector<std::string> gpus;
  if (const char* visible = std::getenv("CUDA_VISIBLE_DEVICES")) {
    std::istringstream names(visible);
    for (std::string name; std::getline(names, name, ',');) gpus.push_back(name);
  }
  // Names that CUDA does not know end the list: it counts.
  const auto count = static_cast<size_t>(torch::cuda::device_count());
  while (gpus.size() < count) gpus.push_back(std::to_string(gpus.size()));
  gpus.resize(count);
  return gpus;
}

void require_precision(Precision precision, const std::optional<ComputeCapability>& capability,
                       const std::string& gpu) {
  const bool needs_ampere = precision == Precision::kBf16 || precision == Precision::kTf32;
  if (!needs_ampere || !capability || *capability >= kAmpere) return;
  throw Error(ErrorKind::kConfig, "precision " + enum_name(precision) + " cannot run on " + gpu +
                                      ": its compute capability is " + capability->str() +
                                      ", and " + enum_name(precision) + " needs " + kAmpere.str() +
                                      "; valid: fp32, fp16");
}

torch::Dtype dtype_of(Precision precision, const torch::Device& device) {
  if (device.is_cuda() && device.has_index())
    require_precision(precision, compute_capability(device.index()), cuda_name(device.index()));
  switch (precision) {
    case Precision::kFp32:
      return torch::kFloat32;
    case Precision::kBf16:
      return torch::kBFloat16;
    case Precision::kTf32:
      if (device.is_cuda()) return torch::kFloat32;
      break;
    case Precision::kFp16:
      if (device.is_cuda()) return torch::kFloat16;
      break;
  }
  throw Error(ErrorKind::kConfig, "precision " + enum_name(precision) + " cannot run on " +
                                      device.str() + "; valid: fp32, bf16" +
                                      (device.is_cuda() ? ", tf32, fp16" : ""));
}

void choose_kernels(bool deterministic, bool tf32) {
  // Benchmarking picks by the clock: even without `deterministic`, only atomics should differ.
  at::globalContext().setBenchmarkCuDNN(false);
  use_deterministic_algorithms(deterministic);
  allow_tf32(tf32);
  // cuBLAS reads it when it starts; without it, deterministic mode refuses matrix products.
  if (deterministic) setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
}

void finish_work(const torch::Device& device) {
  if (device.is_cuda()) torch::cuda::synchronize(device.index());
}

void place(torch::nn::Module& module, const torch::Device& device, at::MemoryFormat layout) {
  torch::NoGradGuard no_grad;
  const auto restride = [&](torch::Tensor& tensor) {
    torch::Tensor moved = tensor.detach().to(device);
    // clone, not contiguous: 1x1 and depthwise weights count as channels-last already and would
    // keep their strides.
    if (moved.dim() == 4) moved = moved.clone(layout);
    tensor.set_data(moved);
  };
  for (auto& parameter : module.parameters()) restride(parameter);
  for (auto& buffer : module.buffers()) restride(buffer);
}

torch::Tensor place(const torch::Tensor& images, const torch::Device& device,
                    at::MemoryFormat layout) {
  // From pinned memory nobody waits for the copy; from other memory it is done on return.
  return images.to(device, /*non_blocking=*/true).clone(layout);
}

void set_threads(int threads) { at::set_num_threads(threads); }

double gemm_gflops() {
  constexpr int64_t kSide = 256;
  torch::NoGradGuard no_grad;
  const torch::Tensor a = torch::full({kSide, kSide}, 0.5), b = torch::full({kSide, kSide}, 0.25);
  double best_seconds = 1e9;
  for (int repeat = 0; repeat < 5; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    torch::mm(a, b);
    best_seconds =
        std::min(best_seconds,
                 std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return 2.0 * kSide * kSide * kSide / best_seconds / 1e9;
}

void warn_if_blas_is_slow() {
  constexpr double kSlow = 20.0;
  const double rate = gemm_gflops();
  if (rate >= kSlow) return;
  spdlog::warn(
      "the BLAS under LibTorch reaches only {:.1f} GFLOP/s in fp32: training will be many times "
      "slower than it "
      "could be. Remedy on Debian: apt install libopenblas0-openmp",
      rate);
}

std::string runtime_description() {
  std::string text = std::string("LibTorch ") + TORCH_VERSION;
  if (const std::string software = gpu_software(); !software.empty()) text += ", " + software;
  const int count = static_cast<int>(torch::cuda::device_count());
  text += ", " + std::to_string(count) + " CUDA devices";
  for (int i = 0; i < count; ++i) {
    const auto capability = compute_capability(i);
    text += (i == 0 ? ": " : ", ") + cuda_name(i) +
            (capability ? " (" + capability->str() + ")" : std::string());
  }
  return text;
}

}  // namespace ridgeline
