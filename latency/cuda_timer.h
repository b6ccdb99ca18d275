#pragma once

#include <vector>

namespace ridgeline {

/// Marks on the default stream of the current CUDA device, which is where LibTorch runs, and the
/// milliseconds between them by the device's own clock. Goes through the driver's stable C
/// interface, so that one binary needs no CUDA headers. Throws `kConfig` where there is no driver.
class CudaTimer {
 public:
  explicit CudaTimer(int marks);
  ~CudaTimer();
  CudaTimer(const CudaTimer&) = delete;
  CudaTimer& operator=(const CudaTimer&) = delete;

  /// REQUIRES: index < marks; CUDA was used in this thread before.
  void mark(int index);
  /// Waits for mark `to`. REQUIRES: both were made, `from` first.
  double ms_between(int from, int to) const;

 private:
  std::vector<void*> events_;
};

}  // namespace ridgeline
