#include "doctor/cuda_driver.h"

#include <dlfcn.h>

#include <filesystem>

namespace ridgeline {
namespace {

template <class F>
F symbol(void* library, const char* name) {
  return reinterpret_cast<F>(dlsym(library, name));
}

}  // namespace

CudaFacts ask_cuda_driver(std::vector<GpuFacts>& gpus) {
  CudaFacts facts;
  facts.kernel_module = std::filesystem::exists("/proc/driver/nvidia/version");
  // It stays loaded: LibTorch uses it too.
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (driver == nullptr) return facts;
  const auto init = symbol<int (*)(unsigned)>(driver, "cuInit");
  const auto version = symbol<int (*)(int*)>(driver, "cuDriverGetVersion");
  const auto count = symbol<int (*)(int*)>(driver, "cuDeviceGetCount");
  const auto get = symbol<int (*)(int*, int)>(driver, "cuDeviceGet");
  const auto name = symbol<int (*)(char*, int, int)>(driver, "cuDeviceGetName");
  const auto memory = symbol<int (*)(size_t*, int)>(driver, "cuDeviceTotalMem_v2");
  const auto attribute = symbol<int (*)(int*, int, int)>(driver, "cuDeviceGetAttribute");
  if (!init || !version || !count || !get || !name || !memory || !attribute) return facts;
  facts.driver = true;
  version(&facts.driver_version);
  facts.start_code = init(0);
  if (facts.start_code != 0) return facts;
  count(&facts.driver_devices);
  for (int index = 0; index < facts.driver_devices; ++index) {
    constexpr int kMajor = 75, kMinor = 76;  // CUdevice_attribute
    GpuFacts gpu{.index = index};
    int device = 0;
    char text[256] = "";
    size_t bytes = 0;
    if (get(&device, index) != 0) continue;
    name(text, sizeof text, device);
    memory(&bytes, device);
    attribute(&gpu.major, kMajor, device);
    attribute(&gpu.minor, kMinor, device);
    gpu.name = text;
    gpu.memory = static_cast<double>(bytes);
    gpus.push_back(gpu);
  }
  if (!gpus.empty()) facts.first_name = gpus.front().name;
  return facts;
}

}  // namespace ridgeline
