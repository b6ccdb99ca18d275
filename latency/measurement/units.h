#pragma once

#include <string>
#include <vector>

#include "network/network.h"

namespace ridgeline {

/// The nodes that the table oracle times as one: a convolution or linear layer with the batch norm
/// and activation that alone read it, a whole squeeze-and-excite, or one other operator. Dropout,
/// drop-connect and the like cost nothing in inference and are in no unit.
struct Unit {
  std::vector<int> nodes;   ///< ascending; the last one's value is the unit's
  std::vector<int> inputs;  ///< nodes outside that it reads, the main one first
  /// All that its time depends on but the device: operators, shapes, where its input comes from,
  /// such as "32x112x112: depthwise 3x3/2 same, bn, swish". Equal for equal work.
  std::string signature;
};

/// The units of a network in order; every node that works is in exactly one.
std::vector<Unit> units_of(const Network& network);

/// A small network in which a unit meets what it meets in a whole one: each of its inputs was just
/// written by an elementwise operator, as nearly all are.
struct HostNetwork {
  Network network;
  std::vector<int> timed;  ///< nodes of `network` that are the unit's
  int64_t images = 1;  ///< of the host network per image: between space-to-batch and back above 1
};
HostNetwork host_network_of(const Network& network, const Unit& unit);

}  // namespace ridgeline
