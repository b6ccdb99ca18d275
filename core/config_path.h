#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ridgeline {

/// The folder of the files that come with Ridgeline: $RIDGELINE_CONFIG_DIR, else the installed or
/// source `configs` folder this binary was built with.
std::filesystem::path config_folder();

/// The file of a named thing, such as ("hardware", "tpu_v3") or ("spaces", "tiny"). A `name` with a
/// slash or ending in .yaml is a path, looked for relative to `base` (the folder of the file that
/// names it) and then to `config_folder()`. Throws `kConfig` with the nearest name and all valid
/// ones.
std::filesystem::path find_config(const std::string& kind, const std::string& name,
                                  const std::filesystem::path& base = ".");

/// Names (without .yaml) of the files in `config_folder()/kind`, sorted.
std::vector<std::string> config_names(const std::string& kind);

}  // namespace ridgeline
