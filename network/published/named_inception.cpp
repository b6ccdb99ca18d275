#include "network/published/inception.h"

#include "network/published/families.h"
#include "network/published/nasnet.h"

namespace ridgeline {

std::vector<KnownNetwork> inceptions() {
  return {{"inception_v3", "inception", 299, "Szegedy et al. 2015, without the auxiliary head",
           [](int resolution) { return inception_v3("inception_v3", resolution); }},
          {"inception_v4", "inception", 299, "Szegedy et al. 2016, without the auxiliary head",
           [](int resolution) { return inception_v4("inception_v4", resolution); }}};
}

std::vector<KnownNetwork> nasnets() {
  return {{"nasnetalarge", "nasnet", 331, "Zoph et al. 2018, NASNet-A 6 @ 4032",
           [](int resolution) { return nasnet_a("nasnetalarge", resolution); }}};
}

}  // namespace ridgeline
