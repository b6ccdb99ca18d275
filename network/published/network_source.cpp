#include "network/published/network_source.h"

#include "core/config.h"
#include "core/config_path.h"
#include "network/classes.h"
#include "network/published/known_networks.h"

namespace ridgeline {

std::string NetworkSource::name() const {
  return architecture ? architecture->name : named->network;
}

int NetworkSource::resolution() const {
  return architecture ? architecture->resolution : named->resolution;
}

Network NetworkSource::network(int resolution) const {
  if (architecture) {
    Architecture resized = *architecture;
    resized.resolution = resolution;
    return lower(resized);
  }
  return as_pretrained_layout(
      with_classes(find_known_network(named->network).build(resolution), named->classes),
      named->layout);
}

void NetworkSource::set_resolution(int resolution) {
  (architecture ? architecture->resolution : named->resolution) = resolution;
}

void NetworkSource::set_classes(int classes) {
  (architecture ? architecture->classes : named->classes) = classes;
}

std::string NetworkSource::yaml() const {
  return architecture ? to_yaml(*architecture) : write_config(*named);
}

NetworkSource load_network_source(const std::filesystem::path& path) {
  const YamlView view = YamlView::load_file(path);
  if (!view.is_map() || !view.find("network")) return architecture_from_yaml(view);
  NamedNetwork named;
  ConfigReader reader(view);
  named.describe(reader);
  view.refuse_unknown({"network", "resolution", "classes", "layout", "normalization"});
  if (named.layout == PretrainedLayout::kAuto)
    view.at("layout").fail("valid: ridgeline, torchvision, timm, timm_tf");
  const KnownNetwork& known = find_known_network(named.network);
  if (named.resolution == 0) named.resolution = known.resolution;
  return named;
}

NetworkSource find_network_source(const std::string& name_or_path) {
  if (is_known_network(name_or_path)) {
    const KnownNetwork& known = find_known_network(name_or_path);
    return NamedNetwork{known.name, known.resolution};
  }
  load_network(name_or_path);  // says what would be valid
  return load_network_source(find_config("architectures", name_or_path));
}

}  // namespace ridgeline
