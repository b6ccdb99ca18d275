#include "doctor/cuda_driver.h"

#include <filesystem>

#include "runtime/gpu.h"

namespace ridgeline {

CudaFacts ask_cuda_driver(std::vector<GpuFacts>& gpus) {
  CudaFacts facts;
  facts.kernel_module = std::filesystem::exists("/proc/driver/nvidia/version");
  const auto init = reinterpret_cast<int (*)(unsigned)>(cuda_driver_function("cuInit"));
  const auto version = reinterpret_cast<int (*)(int*)>(cuda_driver_function("cuDriverGetVersion"));
  const auto count = reinterpret_cast<int (*)(int*)>(cuda_driver_function("cuDeviceGetCount"));
  if (!init || !version || !count) return facts;
  facts.driver = true;
  version(&facts.driver_version);
  facts.start_code = init(0);
  if (facts.start_code != 0) return facts;
  count(&facts.driver_devices);
  for (int index = 0; index < facts.driver_devices; ++index) {
    const auto capability = compute_capability(index);
    if (!capability) continue;
    GpuFacts gpu{.index = index};
    gpu.major = capability->major;
    gpu.minor = capability->minor;
    gpu.name = cuda_name(index);
    gpu.memory = cuda_memory_bytes(index);
    gpus.push_back(gpu);
  }
  if (!gpus.empty()) facts.first_name = gpus.front().name;
  return facts;
}

}  // namespace ridgeline
