#pragma once

#include <c10/core/Device.h>

#include <vector>

namespace ridgeline {

/// Marks on the default stream of one GPU, which is where LibTorch runs, and the milliseconds
/// between them by the GPU's own clock. Goes through the driver's stable C interface, so that one
/// source needs no CUDA headers. Throws `kConfig` where there is no driver.
class CudaTimer {
 public:
  /// REQUIRES: `device` was used by LibTorch before: only then it has the context that events
  /// belong to.
  CudaTimer(const c10::Device& device, int marks);
  ~CudaTimer();
  CudaTimer(const CudaTimer&) = delete;
  CudaTimer& operator=(const CudaTimer&) = delete;

  /// REQUIRES: index < marks.
  void mark(int index);
  /// Waits for mark `to`. REQUIRES: both were made, `from` first.
  double ms_between(int from, int to) const;

 private:
  c10::Device device_;
  std::vector<void*> events_;
};

}  // namespace ridgeline
