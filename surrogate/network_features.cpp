#include "surrogate/network_features.h"

#include <bit>
#include <cmath>

#include "network/cost.h"

namespace ridgeline {
namespace {

constexpr size_t kMostParts = 200000;  // some 10 MB

/// Splitmix64's finaliser over what came before and one more word.
uint64_t mixed(uint64_t hash, uint64_t word) {
  uint64_t x = hash * 0x9E3779B97F4A7C15ULL + word + 0x632BE59BD9B4E019ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

template <class... T>
uint64_t hash_of(T... values) {
  uint64_t hash = 0;
  ((hash = mixed(hash, static_cast<uint64_t>(values))), ...);
  return hash;
}

/// One key per part: stem, stages, head. What a stage costs follows from its own fields, from the
/// filters that enter it, and from what earlier strides and reshapes left of the resolution.
void part_keys(const Architecture& a, std::vector<uint64_t>& keys) {
  keys.clear();
  uint64_t place = hash_of(a.resolution, a.input_channels, a.stem.kernel, a.stem.stride);
  keys.push_back(hash_of(1, place, a.stem.filters));
  uint64_t entering = hash_of(a.stem.filters);
  for (const Stage& s : a.stages) {
    if (s.layers == 0) {
      keys.push_back(0);
      continue;
    }
    keys.push_back(hash_of(2, place, entering, s.op, s.kernel, s.expansion,
                           std::bit_cast<uint64_t>(s.se_ratio), s.filters, s.layers, s.stride,
                           s.reshape, s.reshape_block));
    place = hash_of(place, s.stride, s.reshape, s.reshape_block);
    entering = hash_of(s.filters, s.stride, s.reshape, s.reshape_block);
  }
  keys.push_back(hash_of(3, place, entering, a.head.filters, a.classes));
}

/// The part that a node belongs to: "stage4.block0...." -> 4; the head is the last.
size_t part_of(const std::string& name, size_t parts) {
  if (name.starts_with("stem") || name == "input") return 0;
  if (!name.starts_with("stage")) return parts - 1;
  size_t stage = 0;
  for (size_t i = 5; i < name.size() && name[i] >= '0' && name[i] <= '9'; ++i)
    stage = 10 * stage + static_cast<size_t>(name[i] - '0');
  return stage;
}

}  // namespace

void NetworkFeatureReader::learn(const Architecture& architecture,
                                 const std::vector<uint64_t>& keys) {
  if (parts_.size() > kMostParts) parts_.clear();
  const Network network = lower(architecture);
  std::vector<Sums> sums(keys.size(), Sums{});
  for (int i = 0; i < network.size(); ++i) {
    const OperatorCost spent = cost(network, i);
    Sums& sum = sums[part_of(network.node(i).name, keys.size())];
    sum[0] += spent.params;
    sum[1] += spent.madds;
    const auto* conv = std::get_if<Conv2d>(&network.node(i).op);
    if (conv == nullptr || network.node(i).shape.height * network.node(i).shape.width == 1)
      continue;
    sum[2] += spent.output_elements;
    sum[3] += 1;
    if (conv->kernel_h * conv->kernel_w > 1) sum[4] += spent.madds;
  }
  for (size_t i = 0; i < keys.size(); ++i) parts_.insert_or_assign(keys[i], sums[i]);
}

NetworkFeatures NetworkFeatureReader::read(const Architecture& architecture) {
  part_keys(architecture, keys_);
  Sums total{};
  for (const int attempt : {0, 1}) {
    total = {};
    bool complete = true;
    for (const uint64_t key : keys_) {
      const auto found = parts_.find(key);
      complete = found != parts_.end();
      if (!complete) break;
      for (size_t i = 0; i < total.size(); ++i) total[i] += found->second[i];
    }
    if (complete || attempt == 1) break;
    learn(architecture, keys_);
  }
  NetworkFeatures features{};
  for (size_t i = 0; i < features.size(); ++i)
    features[i] = std::log1p(static_cast<double>(total[i]));
  return features;
}

}  // namespace ridgeline
