#pragma once

#include <string>

namespace ridgeline {

/// Model name of this machine's processor, or "unknown CPU" where the system does not tell.
std::string cpu_name();

/// Bytes of main memory. Throws `kConfig` where the system does not tell.
double cpu_memory_bytes();

}  // namespace ridgeline
