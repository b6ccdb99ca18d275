#include "latency/roofline.h"

#include <algorithm>

#include "core/units.h"

namespace ridgeline {

const char* to_string(Bound bound) {
  switch (bound) {
    case Bound::kCompute:
      return "compute";
    case Bound::kMemory:
      return "memory";
    case Bound::kVector:
      return "vector";
    case Bound::kOverhead:
      return "overhead";
  }
  return "?";
}

void complete_account(double peak_flops, double bytes_per_second, Latency& latency) {
  latency.intensity = latency.bytes > 0 ? latency.flops / latency.bytes : 0;
  const double roof_seconds =
      std::max(latency.flops / peak_flops, latency.bytes / bytes_per_second);
  latency.efficiency = latency.ms > 0 ? roof_seconds / (latency.ms * 1e-3) : 0;
}

RooflineOracle::RooflineOracle(Hardware hardware, int batch, std::optional<Precision> precision)
    : hardware_(std::move(hardware)),
      batch_(batch),
      precision_(precision.value_or(hardware_.default_precision)),
      pricer_(hardware_, precision_) {
  if (batch < 1) throw Error(ErrorKind::kConfig, "latency: batch must be at least 1");
}

std::string RooflineOracle::description() const {
  return hardware_.name + ", batch " + std::to_string(batch_) + ", " + enum_name(precision_) +
         ", roofline";
}

void RooflineOracle::require_memory(const Network& network,
                                    const std::vector<KernelWork>& kernels) const {
  double weights = 0, largest_operator = 0;
  for (const KernelWork& work : kernels) {
    weights += work.weight_elements;
    largest_operator = std::max(largest_operator, work.elements - work.weight_elements);
  }
  const double needed = (weights + largest_operator) * bytes_per_element(precision_);
  const double size = hardware_.memory.size_gib * 1024 * 1024 * 1024;
  if (needed <= size) return;
  throw Error(ErrorKind::kInfeasible,
              "latency: " + network.name() + " at batch " + std::to_string(batch_) +
                  " needs at least " + format_bytes(needed) + " on " + hardware_.name +
                  ", which has " + format_bytes(size) + "; use a smaller batch or resolution");
}

void RooflineOracle::account_for(const std::vector<KernelWork>& kernels, Latency& latency) const {
  double host = 0, end = 0;  // when the launch and the kernel before have ended, seconds
  for (const KernelWork& work : kernels) {
    const KernelPrice price = pricer_.price(work);
    host += pricer_.launch_seconds();
    const double wait = std::max(0.0, host - end);
    end += wait + price.seconds;
    OperatorLatency& account = latency.operators[static_cast<size_t>(work.node)];
    account.flops = work.flops;
    account.bytes = price.bytes;
    account.ms = (wait + price.seconds) * 1e3;
    account.bound = wait > price.seconds ? Bound::kOverhead : price.bound;
    account.intensity = price.bytes > 0 ? work.flops / price.bytes : 0;
    account.efficiency = account.ms > 0 ? price.ideal_seconds / (account.ms * 1e-3) : 0;
    latency.flops += work.flops;
    latency.bytes += price.bytes;
  }
  latency.ms = pricer_.with_input(end, batch_) * 1e3;
  OperatorLatency& input = latency.operators.front();
  input.ms = latency.ms - end * 1e3;
  input.bound = Bound::kOverhead;
}

Latency RooflineOracle::estimate(const Network& network) const {
  const std::vector<FusedNode> fused = fuse(network, hardware_.software);
  Latency latency{.batch = batch_,
                  .precision = precision_,
                  .device = hardware_.name,
                  .method = "roofline",
                  .operators = std::vector<OperatorLatency>(fused.size())};
  for (size_t at = 0; at < fused.size(); ++at) {
    latency.operators[at].node = static_cast<int>(at);
    if (fused[at].kind == KernelKind::kNone) latency.operators[at].fused_into = fused[at].kernel;
  }
  const std::vector<KernelWork> kernels = kernels_of(network, fused, batch_);
  require_memory(network, kernels);
  account_for(kernels, latency);
  complete_account(pricer_.peak_flops(), pricer_.bytes_per_second(), latency);
  return latency;
}

}  // namespace ridgeline
