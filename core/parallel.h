#pragma once

#include <cstddef>
#include <functional>

namespace ridgeline {

/// Calls `work(i)` once for every i below `count`, on as many threads as OpenMP has here
/// (`OMP_NUM_THREADS`, or the processors of this process). Within another loop of this kind: on the
/// one thread that calls. `work` must give the same result in any order. When calls throw, the
/// exception of the lowest i is thrown after all have ended.
void parallel_for(size_t count, const std::function<void(size_t)>& work);

}  // namespace ridgeline
