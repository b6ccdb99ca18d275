#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>

#include "search_space/architecture.h"

namespace ridgeline {

/// What a network's accuracy may follow, as natural logarithms: parameters, multiply-adds, output
/// elements of convolutions (activations), convolutions in sequence (depth), and multiply-adds of
/// convolutions wider than 1x1.
inline constexpr std::array<const char*, 5> kNetworkFeatures = {
    "log params", "log madds", "log activations", "log depth", "log spatial madds"};
using NetworkFeatures = std::array<double, kNetworkFeatures.size()>;

/// Reads the features off `lower(architecture)`. Networks of a space share stem, stages and head;
/// the sums of each such part are remembered, so that most networks need not be lowered again. Not
/// for use from several threads at a time.
class NetworkFeatureReader {
 public:
  /// Throws as `lower`.
  NetworkFeatures read(const Architecture& architecture);

 private:
  using Sums = std::array<int64_t, kNetworkFeatures.size()>;
  void learn(const Architecture& architecture, const std::vector<uint64_t>& keys);

  std::unordered_map<uint64_t, Sums> parts_;
  std::vector<uint64_t> keys_;  // of the current network
};

}  // namespace ridgeline
