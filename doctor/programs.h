#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "doctor/judge.h"

namespace ridgeline {

/// Runs a program where it is on the PATH; ends it after `limit`.
Asked ask(const std::vector<std::string>& arguments, std::chrono::seconds limit);

/// sbatch, squeue and sinfo.
Finding check_slurm(std::chrono::seconds limit);

/// Writes a small network as `ridgeline export` does and lets the Pythons of this machine open it:
/// python3 of the PATH (an active virtual environment's), then Debian's.
Finding check_python(std::chrono::seconds limit);

}  // namespace ridgeline
