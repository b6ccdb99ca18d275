#pragma once

#include <filesystem>

#include "doctor/judge.h"

namespace ridgeline {

/// What this machine tells of itself. Nothing throws: what the system does not tell stays at its
/// default.
BlasFacts look_at_blas();
ThreadFacts look_at_threads();
MemoryFacts look_at_memory();
/// Bytes of /dev/shm; negative where there is none.
double shared_memory_bytes();
/// Tries what a run does in its folder, in a folder of its own that is removed again. `runs` need
/// not exist: then the nearest folder above it counts, and nothing is made.
FolderFacts look_at_folder(const std::filesystem::path& runs);

}  // namespace ridgeline
