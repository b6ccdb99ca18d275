#pragma once

#include <vector>

#include "doctor/judge.h"

namespace ridgeline {

/// What the NVIDIA driver of this machine tells, through its stable C interface: works in a build
/// without CUDA. Leaves the fields of LibTorch as they are.
CudaFacts ask_cuda_driver(std::vector<GpuFacts>& gpus);

}  // namespace ridgeline
