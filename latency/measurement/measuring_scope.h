#pragma once

#include <c10/core/Device.h>

#include "network/precision.h"

namespace ridgeline {

/// Sets this process up to measure on `device`, and puts everything back at the end: trainings may
/// go on in the same process. Thread count; on CUDA also the fastest kernels that cuDNN finds by
/// trying them, and TF32 only where the precision asks for it. At its end freed memory of the GPU
/// goes back to other processes.
class MeasuringScope {
 public:
  MeasuringScope(const c10::Device& device, int threads, Precision precision);
  ~MeasuringScope();
  MeasuringScope(const MeasuringScope&) = delete;
  MeasuringScope& operator=(const MeasuringScope&) = delete;

  void use(Precision precision) const;

 private:
  int threads_;
  bool cuda_;
  bool tf32_products_ = false, tf32_convolutions_ = false, benchmark_ = false;
  bool deterministic_ = false, deterministic_cudnn_ = false;
};

}  // namespace ridgeline
