#pragma once

// The one place for differences between LibTorch 1.13 and 2.x.

#include <torch/version.h>

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>

namespace ridgeline {

#define RIDGELINE_TORCH_AT_LEAST(major, minor) \
  (TORCH_VERSION_MAJOR > (major) ||            \
   (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

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
