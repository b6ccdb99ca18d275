#include "latency/measurement/device_name.h"

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

double cpu_memory_bytes() {
  const long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_bytes <= 0)
    throw Error(ErrorKind::kConfig, "this system does not tell the size of its memory");
  return static_cast<double>(pages) * static_cast<double>(page_bytes);
}

}  // namespace ridgeline
