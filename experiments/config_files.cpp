#include "experiments/config_files.h"

#include "core/error.h"

namespace ridgeline {
namespace fs = std::filesystem;

std::vector<std::string> apply_settings(YAML::Node& root,
                                        const std::vector<std::string>& settings) {
  std::vector<std::string> keys;
  for (const auto& setting : settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Error(ErrorKind::kUsage,
                  "--set " + setting + ": expected key=value, such as reward.target_ms=5");
    }
    keys.push_back(setting.substr(0, equals));
    set_by_path(root, keys.back(), setting.substr(equals + 1));
  }
  return keys;
}

void make_absolute(std::string& path, const fs::path& base) {
  if (path.empty() || fs::path(path).is_absolute()) return;
  const fs::path here = fs::absolute(path);
  path = (fs::exists(here) ? here : fs::absolute(base / path)).lexically_normal().string();
}

void make_paths_absolute(DataConfig& data, const fs::path& base) {
  make_absolute(data.path, base);
  make_absolute(data.folder.cache, base);
  if (!data.path.empty()) return;
  for (auto* file : {&data.idx.train_images, &data.idx.train_labels, &data.idx.test_images,
                     &data.idx.test_labels}) {
    make_absolute(*file, base);
  }
}

}  // namespace ridgeline
