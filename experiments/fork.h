#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ridgeline {

/// A new run in `target` from the first `at` search trials of `source` in the order of commits,
/// with their attempts; `source` is left as it is. Of an asynchronous run, proposals that were in
/// flight then are taken over too. `settings` ("key=value") may change search.trials, failures.*
/// and runtime.*: what leaves the recorded trials as they are. Throws `kUsage` for anything else or
/// an `at` beyond the trials.
void fork_run(const std::filesystem::path& source, int at, const std::filesystem::path& target,
              const std::vector<std::string>& settings);

}  // namespace ridgeline
