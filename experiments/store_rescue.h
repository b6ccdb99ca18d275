#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace ridgeline {

/// Checks the store's file (PRAGMA quick_check) and every trial's checksum. When it is damaged, a
/// copy is put aside as store.damaged-N.sqlite and the store is rebuilt from what is sound: the
/// trials before the first lost one, so that replaying them stays consistent, with their attempts
/// and the run's facts and events. What was lost, in one line; nothing for a sound store. Throws
/// `kRun` when nothing can be read, and leaves the file alone. `search_trials`: of a complete
/// search; later phases are kept only after all of them.
std::optional<std::string> rescue_store(const std::filesystem::path& store, int search_trials);

}  // namespace ridgeline
