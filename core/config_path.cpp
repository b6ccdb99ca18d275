#include "core/config_path.h"

#include <algorithm>
#include <cstdlib>

#include "core/error.h"

namespace ridgeline {
namespace fs = std::filesystem;

fs::path config_folder() {
  if (const char* chosen = std::getenv("RIDGELINE_CONFIG_DIR")) return chosen;
  if (fs::exists(RIDGELINE_SOURCE_CONFIGS)) return RIDGELINE_SOURCE_CONFIGS;
  return RIDGELINE_INSTALLED_CONFIGS;
}

std::vector<std::string> config_names(const std::string& kind) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(config_folder() / kind, error)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

fs::path find_config(const std::string& kind, const std::string& name, const fs::path& base) {
  const bool is_path = name.find('/') != std::string::npos || name.ends_with(".yaml");
  if (is_path) {
    for (const fs::path& candidate : {fs::path(base) / name, config_folder() / name}) {
      if (fs::exists(candidate)) return candidate;
    }
  } else if (const fs::path candidate = config_folder() / kind / (name + ".yaml");
             fs::exists(candidate)) {
    return candidate;
  }
  const auto names = config_names(kind);
  const std::string near = nearest_name(name, names);
  throw Error(ErrorKind::kConfig, kind + ": no file for '" + name + "'" +
                                      (near.empty() ? ";" : "; did you mean '" + near + "'?") +
                                      " valid: a path to a .yaml file, or one of " + join(names));
}

}  // namespace ridgeline
