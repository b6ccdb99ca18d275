#include "latency/device_name.h"

#include <dlfcn.h>

#include <fstream>

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

}  // namespace ridgeline
