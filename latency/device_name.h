#pragma once

#include <string>

namespace ridgeline {

/// Model name of this machine's processor, or "unknown CPU" where the system does not tell.
std::string cpu_name();

/// Model name of CUDA device `index` as the driver tells it, or "CUDA device N" where it does not.
std::string cuda_name(int index);

/// Bytes of main memory, and of CUDA device `index`. Throw `kConfig` where the system does not
/// tell.
double cpu_memory_bytes();
double cuda_memory_bytes(int index);

}  // namespace ridgeline
