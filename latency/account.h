#pragma once

#include <string>

#include "latency/oracle.h"

namespace ridgeline {

/// What `ridgeline profile` prints: the latency with its provenance, one row per kernel (W, Q, I,
/// E, bound, ms, share) and one per stage (first dotted part of the node names). An oracle without
/// an account of operators gets the first part only. REQUIRES: the latency is of this network.
std::string account_table(const Network& network, const Latency& latency);

/// The same as one JSON object with "latency", "operators" (one per node, followers with the kernel
/// they run in) and "stages"; numbers are of the whole batch, in FLOPs, bytes and ms.
std::string account_json(const Network& network, const Latency& latency);

/// One line per node under a header line.
std::string account_csv(const Network& network, const Latency& latency);

}  // namespace ridgeline
