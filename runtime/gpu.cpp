#include "runtime/gpu.h"

#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>

#include "core/error.h"

namespace ridgeline {
namespace {

/// The driver's handle of GPU `index`, or nothing.
std::optional<int> driver_device(int index) {
  using Init = int (*)(unsigned);
  using Get = int (*)(int*, int);
  const auto init = reinterpret_cast<Init>(cuda_driver_function("cuInit"));
  const auto get = reinterpret_cast<Get>(cuda_driver_function("cuDeviceGet"));
  int device = 0;
  if (!init || !get || init(0) != 0 || get(&device, index) != 0) return std::nullopt;
  return device;
}

std::optional<int> driver_attribute(int attribute, int index) {
  using Attribute = int (*)(int*, int, int);
  const auto read = reinterpret_cast<Attribute>(cuda_driver_function("cuDeviceGetAttribute"));
  const auto device = driver_device(index);
  int value = 0;
  if (!device || !read || read(&value, attribute, *device) != 0) return std::nullopt;
  return value;
}

std::string driver_version() {
  using Version = int (*)(int*);
  const auto read = reinterpret_cast<Version>(cuda_driver_function("cuDriverGetVersion"));
  int number = 0;
  if (!read || read(&number) != 0) return "no driver";
  return "driver " + cuda_version_text(number);
}

/// Of the library that is loaded; LibTorch 1.13 tells only what it was compiled with.
template <class Hooks>
long cudnn_version(const Hooks& hooks) {
  if constexpr (requires { hooks.versionRuntimeCuDNN(); }) {
    return hooks.versionRuntimeCuDNN();
  } else {
    return hooks.versionCuDNN();
  }
}

}  // namespace

void* cuda_driver_function(const char* name) {
  // It stays loaded: LibTorch uses it too.
  static void* const library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  return library ? dlsym(library, name) : nullptr;
}

std::string cuda_name(int index) {
  using Name = int (*)(char*, int, int);
  const auto read = reinterpret_cast<Name>(cuda_driver_function("cuDeviceGetName"));
  const auto device = driver_device(index);
  char text[256] = "";
  const bool found = device && read && read(text, sizeof text, *device) == 0;
  return found ? text : "CUDA device " + std::to_string(index);
}

double cuda_memory_bytes(int index) {
  using Total = int (*)(size_t*, int);
  const auto read = reinterpret_cast<Total>(cuda_driver_function("cuDeviceTotalMem_v2"));
  const auto device = driver_device(index);
  size_t bytes = 0;
  if (device && read && read(&bytes, *device) == 0) return static_cast<double>(bytes);
  throw Error(ErrorKind::kConfig,
              "the CUDA driver does not tell the memory of device " + std::to_string(index));
}

std::string ComputeCapability::str() const {
  return std::to_string(major) + "." + std::to_string(minor);
}

std::optional<ComputeCapability> compute_capability(int index) {
  constexpr int kMajor = 75, kMinor = 76;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_...
  const auto major = driver_attribute(kMajor, index), minor = driver_attribute(kMinor, index);
  if (!major || !minor) return std::nullopt;
  return ComputeCapability{*major, *minor};
}

std::string cuda_version_text(long number) {
  return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

std::string cudnn_version_text(long number) {
  const long major_unit = number >= 90000 ? 10000 : 1000;
  return std::to_string(number / major_unit) + "." + std::to_string(number % major_unit / 100) +
         "." + std::to_string(number % 100);
}

std::string gpu_software() {
  const at::CUDAHooksInterface& hooks = at::detail::getCUDAHooks();
  if (!hooks.hasCUDART()) return {};
  std::string text = "CUDA " + cuda_version_text(hooks.versionCUDART()) + " (" + driver_version();
  text += hooks.hasCuDNN() ? "), cuDNN " + cudnn_version_text(cudnn_version(hooks)) : ")";
  return text;
}

}  // namespace ridgeline
