#include "runtime/parameter_names.h"

#include <fnmatch.h>

#include <algorithm>

#include "core/error.h"

namespace ridgeline {
namespace {

bool matches(const std::string& pattern, const std::string& name) {
  return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

void add_once(std::vector<std::string>& texts, const std::string& text) {
  if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
}

[[noreturn]] void refuse_pattern(const std::string& pattern,
                                 const std::vector<std::string>& names) {
  std::vector<std::string> first, near;  // first: "stem.*"; near: also "stage1.block0.*" and names
  for (const std::string& name : names) {
    for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
      add_once(near, name.substr(0, dot) + ".*");
    }
    add_once(near, name);
    add_once(first, name.substr(0, name.find('.')) + ".*");
  }
  // "stage1" means all that is below it.
  std::string meant;
  for (const std::string& name : names) {
    if (meant.empty() && matches(pattern + ".*", name)) meant = pattern + ".*";
  }
  if (meant.empty()) meant = nearest_name(pattern, near);
  throw Error(ErrorKind::kConfig, "the pattern '" + pattern + "' matches no parameter" +
                                      (meant.empty() ? "" : "; did you mean '" + meant + "'?") +
                                      "; the parameters are those of " + join(first));
}

}  // namespace

std::vector<std::string> matching_parameters(const torch::nn::Module& module,
                                             const std::vector<std::string>& patterns) {
  std::vector<std::string> names, matching;
  for (const auto& item : module.named_parameters()) names.push_back(item.key());
  for (const std::string& pattern : patterns) {
    const bool is_used = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return matches(pattern, name);
    });
    if (!is_used) refuse_pattern(pattern, names);
  }
  std::copy_if(
      names.begin(), names.end(), std::back_inserter(matching), [&](const std::string& name) {
        return std::any_of(patterns.begin(), patterns.end(),
                           [&](const std::string& pattern) { return matches(pattern, name); });
      });
  return matching;
}

}  // namespace ridgeline
