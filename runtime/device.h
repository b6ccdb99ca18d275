#pragma once

#include <c10/core/Device.h>
#include <c10/core/MemoryFormat.h>
#include <c10/core/ScalarType.h>

#include <optional>
#include <string>
#include <vector>

#include "network/precision.h"
#include "runtime/gpu.h"

namespace at {
class Tensor;
}
namespace torch::nn {
class Module;
}

namespace ridgeline {

/// Throws `kConfig` for what is none of "cpu", "cuda", "cuda:1"; the device need not be here.
void check_device_name(const std::string& text);
/// The device of that name. Throws `kConfig` as `check_device_name`, and for a device that is not
/// there: no silent fall-back.
c10::Device device_from_text(const std::string& text);
/// Whether `device_from_text` finds it.
bool device_is_here(const std::string& text);
/// The device of rank `local_rank` of this host's ranks: "cuda" or "cuda:N" becomes the GPU N +
/// `local_rank`, or with `own_gpu` (each rank may see its own only) the first where one is seen.
std::string device_of_rank(const std::string& text, int local_rank, bool own_gpu);
/// The GPUs that this process sees, as CUDA_VISIBLE_DEVICES would name them.
std::vector<std::string> visible_gpus();
/// Throws `kConfig` where a GPU of that `capability` lacks the units for `precision`: bf16 and tf32
/// need 8.0 (A100). A capability that is not known is let pass.
void require_precision(Precision precision, const std::optional<ComputeCapability>& capability,
                       const std::string& gpu);
/// Dtype of activations and weights. Throws `kConfig` for a precision the device cannot run (tf32
/// off CUDA, fp16 on CPU, bf16 on an old GPU).
at::ScalarType dtype_of(Precision precision, const c10::Device& device);

/// For this process and CUDA: only kernels that give the same bits each time (an operator without
/// one throws), or the fastest of cuDNN's usual choice; float32 in TF32, or as it is. Must be
/// called before CUDA's first use.
void choose_kernels(bool deterministic, bool tf32);

/// Waits until `device` has done what it was given.
void finish_work(const c10::Device& device);

/// Moves parameters and buffers to `device` in `layout`. Channels-last really restrides 1x1 and
/// depthwise weights (`contiguous` alone would leave them, and convolutions would fall off the fast
/// path).
void place(torch::nn::Module& module, const c10::Device& device,
           at::MemoryFormat layout = at::MemoryFormat::ChannelsLast);
/// A batch of images in `layout` on `device`.
at::Tensor place(const at::Tensor& images, const c10::Device& device,
                 at::MemoryFormat layout = at::MemoryFormat::ChannelsLast);

/// OpenMP threads of LibTorch in this process; must be called before the first operator.
void set_threads(int threads);

/// GFLOP/s of a small fp32 GEMM: a few milliseconds. Below 20 the BLAS is the slow reference one.
double gemm_gflops();
/// Logs a warning with the remedy when `gemm_gflops` tells a slow BLAS.
void warn_if_blas_is_slow();

/// "LibTorch 1.13.1, 0 CUDA devices", or "LibTorch 2.15.0, CUDA 13.2 (driver 13.2), cuDNN 9.26.0, 1
/// CUDA devices: NVIDIA H200 (9.0)": what figures measured with it depend on.
std::string runtime_description();

}  // namespace ridgeline
