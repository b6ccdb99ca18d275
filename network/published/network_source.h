#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "network/network.h"
#include "network/published/pretrained_layout.h"
#include "search_space/architecture.h"

namespace ridgeline {

/// A published network for images and classes of its own choice.
struct NamedNetwork {
  std::string network;  ///< as `ridgeline networks` lists it
  int resolution = 0;   ///< pixels
  int classes = 1000;
  PretrainedLayout layout = PretrainedLayout::kRidgeline;  ///< never `kAuto`

  template <class V>
  void describe(V& v) {
    v.field("network", network, {.help = "a name that `ridgeline networks` lists"});
    v.field("resolution", resolution,
            {.help = "side of the square input", .unit = "pixels", .min = 1, .max = 8192});
    v.field("classes", classes, {.help = "number of classes", .min = 2, .max = 1000000});
    v.field("layout", layout,
            {.help = "whose padding and batch-norm epsilon it has: ridgeline, torchvision, timm or "
                     "timm_tf"});
  }
  bool operator==(const NamedNetwork&) const = default;
};

/// What a network is made from: an architecture, or a published network.
struct NetworkSource {
  NetworkSource(Architecture decided) : architecture(std::move(decided)) {}
  NetworkSource(NamedNetwork known) : named(std::move(known)) {}

  std::optional<Architecture> architecture = {};  ///< exactly one of the two
  std::optional<NamedNetwork> named = {};

  std::string name() const;
  int resolution() const;
  /// At its own resolution, or another. Throws `kConfig` when that is too small for the strides.
  Network network() const { return network(resolution()); }
  Network network(int resolution) const;
  void set_resolution(int resolution);
  /// Both for images of 3 channels unless the architecture says otherwise.
  void set_classes(int classes);
  /// The text of architecture.yaml, which `load_network_source` reads back as an equal value.
  std::string yaml() const;
  bool operator==(const NetworkSource&) const = default;
};

/// The file at `path`: an architecture, or `network: NAME`. Throws `kConfig`.
NetworkSource load_network_source(const std::filesystem::path& path);

/// A known network, an architecture file, or a name of configs/architectures. Throws `kConfig` with
/// the nearest names.
NetworkSource find_network_source(const std::string& name_or_path);

}  // namespace ridgeline
