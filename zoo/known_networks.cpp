#include "zoo/known_networks.h"

#include <algorithm>

#include "core/config_path.h"
#include "search_space/architecture.h"
#include "zoo/families.h"

namespace ridgeline {
namespace {

std::vector<KnownNetwork> all_families() {
  std::vector<KnownNetwork> networks;
  for (const auto& family :
       {efficientnets(), efficientnet_xs(), resnets(), resnexts(), seresnets(), resnests(),
        regnetxs(), regnetys(), vggs(), densenets(), efficientnets_v2(), mobilenets(), mnasnets(),
        inceptions(), nasnets()}) {
    networks.insert(networks.end(), family.begin(), family.end());
  }
  return networks;
}

const KnownNetwork* find(const std::string& name) {
  const auto& networks = known_networks();
  const auto found = std::find_if(networks.begin(), networks.end(),
                                  [&](const KnownNetwork& known) { return known.name == name; });
  return found == networks.end() ? nullptr : &*found;
}

bool is_path(const std::string& name) {
  return name.find('/') != std::string::npos || name.ends_with(".yaml");
}

}  // namespace

const std::vector<KnownNetwork>& known_networks() {
  static const std::vector<KnownNetwork> networks = all_families();
  return networks;
}

const KnownNetwork& find_known_network(const std::string& name) {
  if (const KnownNetwork* known = find(name)) return *known;
  std::vector<std::string> names;
  for (const KnownNetwork& known : known_networks()) names.push_back(known.name);
  const std::string near = nearest_name(name, names);
  throw Error(ErrorKind::kConfig, "network: '" + name + "' is not a known network" +
                                      (near.empty() ? "" : "; did you mean '" + near + "'?") +
                                      " (`ridgeline networks` lists them all)");
}

Network load_network(const std::string& name_or_path, int resolution) {
  const auto files = config_names("architectures");
  const bool is_file = std::find(files.begin(), files.end(), name_or_path) != files.end();
  if (!is_path(name_or_path) && (!is_file || find(name_or_path))) {
    const KnownNetwork& known = find_known_network(name_or_path);
    return known.build(resolution > 0 ? resolution : known.resolution);
  }
  Architecture architecture = load_architecture(find_config("architectures", name_or_path));
  if (resolution > 0) architecture.resolution = resolution;
  return lower(architecture);
}

}  // namespace ridgeline
