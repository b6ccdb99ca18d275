#pragma once

#include <functional>
#include <string>
#include <vector>

#include "network/network.h"

namespace ridgeline {

/// A published network that can be named instead of an architecture file: `ridgeline profile
/// resnet50`. Names follow timm and torchvision where they have the network.
struct KnownNetwork {
  std::string name;    ///< "efficientnet_b0"
  std::string family;  ///< "efficientnet": the unit that a calibration leaves out as a whole
  int resolution = 0;  ///< square input, pixels: the one of the published figures
  std::string source;  ///< the publication, and the variant where there are several
  /// For 3 x `resolution` x `resolution` images and 1000 classes. Throws `kConfig` when the input
  /// is too small for the network's strides.
  std::function<Network(int resolution)> build;
};

/// Every known network, by family, smallest first.
const std::vector<KnownNetwork>& known_networks();

/// Whether `find_known_network` finds it.
bool is_known_network(const std::string& name);

/// By its name, or torchvision's ("mobilenet_v2" is mobilenetv2_100). Throws `kConfig` with the
/// nearest names.
const KnownNetwork& find_known_network(const std::string& name);

/// The network called `name`, or of the architecture file at that path or in configs/architectures,
/// at `resolution` pixels (0: its own). Throws `kConfig` naming both kinds of name that are valid.
Network load_network(const std::string& name_or_path, int resolution = 0);

}  // namespace ridgeline
