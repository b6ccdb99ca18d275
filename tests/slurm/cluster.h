#pragma once

#include <string>

namespace ridgeline::test {

/// The emulated cluster of scripts/slurm_cluster, started once for all tests of this program and
/// stopped at its end. False, with a warning that says why, where it cannot be had: the test is
/// then skipped.
bool have_cluster();

/// What a shell command prints; the test fails when the command does.
std::string shell(const std::string& command);

/// "RUNNING n1" per live task of this user's queue, sorted.
std::string live_tasks();

}  // namespace ridgeline::test
