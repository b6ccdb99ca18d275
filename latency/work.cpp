#include "latency/work.h"

#include "network/cost.h"

namespace ridgeline {

void count_work(const Network& network, Latency& latency) {
  const NetworkCost needs = cost(network);
  latency.intensity =
      needs.operational_intensity(bytes_per_element(latency.precision), latency.batch);
  latency.flops = 2.0 * static_cast<double>(needs.total.madds) * latency.batch;
  latency.bytes = latency.intensity > 0 ? latency.flops / latency.intensity : 0;
}

}  // namespace ridgeline
