#pragma once

#include "latency/oracle.h"

namespace ridgeline {

/// W, Q and I of `latency`'s batch and precision when every operator reads and writes memory.
void count_work(const Network& network, Latency& latency);

}  // namespace ridgeline
