#include "network/published/known_networks.h"

#include <algorithm>
#include <map>

#include "core/config_path.h"
#include "network/published/families.h"
#include "search_space/architecture.h"

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

/// torchvision's names where timm has others for the same networks.
const std::map<std::string, std::string>& torchvision_names() {
  static const std::map<std::string, std::string> names = [] {
    std::map<std::string, std::string> all = {{"mobilenet_v2", "mobilenetv2_100"},
                                              {"mobilenet_v3_large", "mobilenetv3_large_100"},
                                              {"mobilenet_v3_small", "mobilenetv3_small_100"},
                                              {"mnasnet0_5", "mnasnet_050"},
                                              {"mnasnet0_75", "mnasnet_075"},
                                              {"mnasnet1_0", "mnasnet_100"},
                                              {"efficientnet_v2_s", "efficientnetv2_s"},
                                              {"efficientnet_v2_m", "efficientnetv2_m"},
                                              {"efficientnet_v2_l", "efficientnetv2_l"}};
    const std::vector<std::pair<std::string, std::string>> sizes = {
        {"400mf", "004"}, {"800mf", "008"}, {"1_6gf", "016"}, {"3_2gf", "032"},
        {"8gf", "080"},   {"16gf", "160"},  {"32gf", "320"}};
    for (const std::string kind : {"x", "y"}) {
      for (const auto& [flops, digits] : sizes)
        all["regnet_" + kind + "_" + flops] = "regnet" + kind + "_" + digits;
    }
    return all;
  }();
  return names;
}

const KnownNetwork* find(const std::string& called) {
  const auto alias = torchvision_names().find(called);
  const std::string& name = alias == torchvision_names().end() ? called : alias->second;
  const auto& networks = known_networks();
  const auto found = std::find_if(networks.begin(), networks.end(),
                                  [&](const KnownNetwork& known) { return known.name == name; });
  return found == networks.end() ? nullptr : &*found;
}

/// "; did you mean 'a', 'b'?", or nothing: the names that go on where `name` stops ("resnest101" is
/// nearer to "resnet101" than to "resnest101e"), else the nearest.
std::string suggestion(const std::string& name, const std::vector<std::string>& names) {
  constexpr size_t kMost = 4;
  std::vector<std::string> meant;
  for (const std::string& candidate : names) {
    const std::string quoted = "'" + candidate + "'";
    const bool goes_on = !name.empty() && candidate.starts_with(name) && meant.size() < kMost;
    if (goes_on && std::find(meant.begin(), meant.end(), quoted) == meant.end()) {
      meant.push_back(quoted);
    }
  }
  if (meant.empty()) {
    const std::string near = nearest_name(name, names);
    if (near.empty()) return "";
    meant.push_back("'" + near + "'");
  }
  return "; did you mean " + join(meant) + "?";
}

bool is_path(const std::string& name) {
  return name.find('/') != std::string::npos || name.ends_with(".yaml");
}

}  // namespace

const std::vector<KnownNetwork>& known_networks() {
  static const std::vector<KnownNetwork> networks = all_families();
  return networks;
}

bool is_known_network(const std::string& name) { return find(name) != nullptr; }

const KnownNetwork& find_known_network(const std::string& name) {
  if (const KnownNetwork* known = find(name)) return *known;
  std::vector<std::string> names;
  for (const KnownNetwork& known : known_networks()) names.push_back(known.name);
  throw Error(ErrorKind::kConfig, "network: '" + name + "' is not a known network" +
                                      suggestion(name, names) +
                                      " (`ridgeline networks` lists them all)");
}

Network load_network(const std::string& name_or_path, int resolution) {
  const auto files = config_names("architectures");
  const bool is_file = std::find(files.begin(), files.end(), name_or_path) != files.end();
  if (const KnownNetwork* known = find(name_or_path)) {
    return known->build(resolution > 0 ? resolution : known->resolution);
  }
  if (!is_file && !is_path(name_or_path)) {
    std::vector<std::string> names = files;
    for (const KnownNetwork& known : known_networks()) names.push_back(known.name);
    throw Error(ErrorKind::kConfig,
                "network: '" + name_or_path +
                    "' is neither a known network nor an architecture file" +
                    suggestion(name_or_path, names) +
                    " (`ridgeline networks` lists the known ones; files: a path to a .yaml, or " +
                    join(files) + ")");
  }
  Architecture architecture = load_architecture(find_config("architectures", name_or_path));
  if (resolution > 0) architecture.resolution = resolution;
  return lower(architecture);
}

}  // namespace ridgeline
