#include "latency/device_name.h"

#include <dlfcn.h>
#include <unistd.h>

#include <fstream>

#include "core/error.h"

namespace ridgeline {

std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with("model name")) continue;
    const size_t colon = line.find(':');
    const size_t begin =
        colon == std::string::npos ? colon : line.find_first_not_of(' ', colon + 1);
    if (begin != std::string::npos) return line.substr(begin);
  }
  return "unknown CPU";
}

// Through the driver's stable C interface, so that one binary needs no CUDA headers and numbers
// devices as the CUDA runtime does.
std::string cuda_name(int index) {
  using Init = int (*)(unsigned);
  using Get = int (*)(int*, int);
  using Name = int (*)(char*, int, int);
  const std::string unknown = "CUDA device " + std::to_string(index);
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (!driver) return unknown;
  const auto init = reinterpret_cast<Init>(dlsym(driver, "cuInit"));
  const auto get = reinterpret_cast<Get>(dlsym(driver, "cuDeviceGet"));
  const auto name = reinterpret_cast<Name>(dlsym(driver, "cuDeviceGetName"));
  char text[256] = "";
  int device = 0;
  const bool found = init && get && name && init(0) == 0 && get(&device, index) == 0 &&
                     name(text, sizeof text, device) == 0;
  // The driver stays loaded: LibTorch uses it too.
  return found ? text : unknown;
}

double cpu_memory_bytes() {
  const long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_bytes <= 0)
    throw Error(ErrorKind::kConfig, "this system does not tell the size of its memory");
  return static_cast<double>(pages) * static_cast<double>(page_bytes);
}

double cuda_memory_bytes(int index) {
  using Init = int (*)(unsigned);
  using Get = int (*)(int*, int);
  using Total = int (*)(size_t*, int);
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  const auto find = [&](const char* name) { return driver ? dlsym(driver, name) : nullptr; };
  const auto init = reinterpret_cast<Init>(find("cuInit"));
  const auto get = reinterpret_cast<Get>(find("cuDeviceGet"));
  const auto total = reinterpret_cast<Total>(find("cuDeviceTotalMem_v2"));
  int device = 0;
  size_t bytes = 0;
  if (init && get && total && init(0) == 0 && get(&device, index) == 0 &&
      total(&bytes, device) == 0)
    return static_cast<double>(bytes);
  throw Error(ErrorKind::kConfig,
              "the CUDA driver does not tell the memory of device " + std::to_string(index));
}

}  // namespace ridgeline
