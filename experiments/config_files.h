#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "accuracy/data_config.h"
#include "core/yaml.h"

namespace ridgeline {

/// Changes the document by "key=value" settings and returns the keys that were set. Throws `kUsage`
/// for one without a sign.
std::vector<std::string> apply_settings(YAML::Node& root, const std::vector<std::string>& settings);

/// A relative path is one from the present folder where that is there, else from `base`, the folder
/// of the file that holds it. So a run finds its files from whatever folder it is continued in.
void make_absolute(std::string& path, const std::filesystem::path& base);
void make_paths_absolute(DataConfig& data, const std::filesystem::path& base);

}  // namespace ridgeline
