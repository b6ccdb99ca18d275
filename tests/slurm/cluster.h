#pragma once

#include <string>

namespace ridgeline::test {

/// Starts the emulated cluster of scripts/slurm_cluster, once for all tests of this program; it is
/// stopped at the program's end. The test case is skipped where the cluster cannot be had.
void need_cluster();

/// What a shell command prints; the test fails when the command does.
std::string shell(const std::string& command);

/// "RUNNING n1" per live task of this user's queue, sorted.
std::string live_tasks();

}  // namespace ridgeline::test
