#pragma once

// The one place for differences between LibTorch 1.13 and 2.x.

#include <torch/version.h>

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/autocast_mode.h>

namespace ridgeline {

#define RIDGELINE_TORCH_AT_LEAST(major, minor) \
  (TORCH_VERSION_MAJOR > (major) ||            \
   (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

/// Kernels with a fixed order of additions, or any. LibTorch 2.2 and later would also fill all new
/// memory with NaN then, which finds errors, costs time, and changes no result.
inline void use_deterministic_algorithms(bool deterministic) {
  at::Context& context = at::globalContext();
  context.setDeterministicCuDNN(deterministic);
  context.setDeterministicAlgorithms(deterministic, /*warn_only=*/false);
#if RIDGELINE_TORCH_AT_LEAST(2, 2)
  context.setDeterministicFillUninitializedMemory(false);
#endif
}

/// Whether products of float32 on CUDA may round their factors to TF32's 10 bits. LibTorch 2.9 and
/// later have a second set of switches for it; these setters keep both in step, and the second set
/// alone would make the getters throw.
inline void allow_tf32(bool allow) {
  at::Context& context = at::globalContext();
  context.setAllowTF32CuBLAS(allow);
  context.setAllowTF32CuDNN(allow);
}

/// Ends a communicator: all ranks are done (`orderly`), or some may never answer. LibTorch 2.x
/// warns of one that merely goes away, and may hang; 1.13 has neither call.
template <class Communicator>
void end_communicator(Communicator& communicator, [[maybe_unused]] bool orderly) {
  if constexpr (requires { communicator.abort(); }) {
    if (!orderly) return communicator.abort();
  }
  if constexpr (requires { communicator.shutdown(); }) {
    if (orderly) communicator.shutdown();
  }
}

/// Runs convolutions and linear layers on `device` in bfloat16 for its lifetime (automatic mixed
/// precision).
class AutocastBf16 {
 public:
  explicit AutocastBf16(c10::DeviceType device) : device_(device) {
#if RIDGELINE_TORCH_AT_LEAST(2, 4)
    at::autocast::set_autocast_enabled(device_, true);
    at::autocast::set_autocast_dtype(device_, at::kBFloat16);
#else
    if (device_ == c10::kCUDA) {
      at::autocast::set_enabled(true);
      at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
    } else {
      at::autocast::set_cpu_enabled(true);
      at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
    }
#endif
    at::autocast::increment_nesting();
  }
  ~AutocastBf16() {
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
#if RIDGELINE_TORCH_AT_LEAST(2, 4)
    at::autocast::set_autocast_enabled(device_, false);
#else
    if (device_ == c10::kCUDA) {
      at::autocast::set_enabled(false);
    } else {
      at::autocast::set_cpu_enabled(false);
    }
#endif
  }
  AutocastBf16(const AutocastBf16&) = delete;
  AutocastBf16& operator=(const AutocastBf16&) = delete;

 private:
  c10::DeviceType device_;
};

}  // namespace ridgeline
