#include "latency/roofline.h"

#include <algorithm>
#include <cmath>

#include "core/units.h"

namespace ridgeline {
namespace {

// The rate at half saturation is half the peak; 0 switches the effect off.
double saturation(double size, double half) { return size / (size + half); }

double as_double(int64_t value) { return static_cast<double>(value); }

}  // namespace

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
      peak_flops_(hardware_.peak_flops(precision_)) {
  if (batch < 1) throw Error(ErrorKind::kConfig, "latency: batch must be at least 1");
}

std::string RooflineOracle::description() const {
  return hardware_.name + ", batch " + std::to_string(batch_) + ", " + enum_name(precision_) +
         ", roofline";
}

double RooflineOracle::matrix_seconds(const Network& network, int index, double flops) const {
  const EffectiveConstants& constants = hardware_.constants;
  const Node& node = network.node(index);
  const Shape& in = network.node(node.inputs[0]).shape;
  double reduction = as_double(in.channels);
  double outputs = as_double(node.shape.channels);
  double work = 1;
  if (const auto* conv = std::get_if<Conv2d>(&node.op)) {
    reduction *= conv->kernel_h * conv->kernel_w;
    if (conv->groups > 1) {
      const double groups = as_double(conv->groups);
      work = std::pow(groups, constants.grouped_work_exponent);
      reduction *= work / groups;
      outputs *= work / groups;
    }
  }
  const double rows = as_double(node.shape.batch * node.shape.height * node.shape.width) * batch_;
  const double rate =
      peak_flops_ * constants.matrix_efficiency * saturation(reduction, constants.half_reduction) *
      saturation(outputs, constants.half_outputs) * saturation(rows, constants.half_rows);
  return flops * work / rate;
}

double RooflineOracle::traffic_bytes(const Network& network, int index, KernelKind kind,
                                     const OperatorCost& needs) const {
  const EffectiveConstants& constants = hardware_.constants;
  const double weights = as_double(needs.weight_elements);
  const double output = as_double(needs.output_elements) * batch_;
  double elements = as_double(needs.input_elements) * batch_ + output + weights;
  if (kind == KernelKind::kMatrix) {
    const auto* conv = std::get_if<Conv2d>(&network.node(index).op);
    if (conv && conv->groups > 2) elements *= constants.grouped_traffic;
  } else if (kind == KernelKind::kElementwise || kind == KernelKind::kGlobalPool) {
    if (hardware_.software.fuse_elementwise) elements *= constants.elementwise_share;
  } else if (kind == KernelKind::kNormalise) {
    elements = output * constants.batch_norm_passes + weights;
  } else if (const auto* activation = std::get_if<Activation>(&network.node(index).op);
             activation && activation->kind != ActivationKind::kRelu) {
    elements = output * constants.swish_passes;
  }
  return elements * bytes_per_element(precision_);
}

double RooflineOracle::streaming_rate(KernelKind kind) const {
  const EffectiveConstants& constants = hardware_.constants;
  const double fraction = kind == KernelKind::kDepthwise    ? constants.depthwise_fraction
                          : kind == KernelKind::kGlobalPool ? constants.pooling_fraction
                                                            : constants.bandwidth_fraction;
  return hardware_.bytes_per_second() * fraction;
}

double RooflineOracle::activation_seconds(const Node& node) const {
  const auto* activation = std::get_if<Activation>(&node.op);
  if (!activation || activation->kind == ActivationKind::kIdentity) return 0;
  const double picoseconds = activation->kind == ActivationKind::kRelu
                                 ? hardware_.constants.relu_ps
                                 : hardware_.constants.swish_ps;
  return as_double(node.shape.elements()) * batch_ * picoseconds * 1e-12;
}

void RooflineOracle::close_kernel(const Kernel& kernel, OperatorLatency& account) const {
  const bool depthwise = kernel.kind == KernelKind::kDepthwise;
  const double on_vector = kernel.vector + kernel.activation;
  const double work = depthwise ? std::max(kernel.vector, kernel.memory) + kernel.activation
                                : std::max({kernel.matrix, kernel.memory, kernel.activation});
  const double overhead = hardware_.constants.overhead_us * 1e-6;
  account.ms = (work + overhead) * 1e3;
  if (overhead > work) {
    account.bound = Bound::kOverhead;
  } else if (on_vector > std::max(kernel.matrix, kernel.memory)) {
    account.bound = Bound::kVector;
  } else {
    account.bound = kernel.matrix > kernel.memory ? Bound::kCompute : Bound::kMemory;
  }
  const double ideal_compute = depthwise ? kernel.vector : account.flops / peak_flops_;
  const double roof = std::max(ideal_compute, account.bytes / hardware_.bytes_per_second());
  account.intensity = account.bytes > 0 ? account.flops / account.bytes : 0;
  account.efficiency = account.ms > 0 ? roof / (account.ms * 1e-3) : 0;
}

void RooflineOracle::require_memory(const Network& network, const Footprint& footprint) const {
  const double needed = footprint.weights + footprint.largest_operator;
  const double size = hardware_.memory.size_gib * 1024 * 1024 * 1024;
  if (needed <= size) return;
  throw Error(ErrorKind::kInfeasible,
              "latency: " + network.name() + " at batch " + std::to_string(batch_) +
                  " needs at least " + format_bytes(needed) + " on " + hardware_.name +
                  ", which has " + format_bytes(size) + "; use a smaller batch or resolution");
}

void RooflineOracle::open_kernel(const Network& network, int index, const FusedNode& fused,
                                 Footprint& footprint, Kernel& kernel,
                                 OperatorLatency& account) const {
  account.node = index;
  if (fused.kind == KernelKind::kNone) {
    account.fused_into = fused.kernel;
    return;
  }
  const OperatorCost needs = cost(network, index);
  const double element = bytes_per_element(precision_);
  const double tensors = as_double(needs.input_elements + needs.output_elements) * batch_ * element;
  footprint.weights += as_double(needs.weight_elements) * element;
  footprint.largest_operator = std::max(footprint.largest_operator, tensors);
  account.flops = 2.0 * as_double(needs.madds) * batch_;
  account.bytes = traffic_bytes(network, index, fused.kind, needs);
  kernel.kind = fused.kind;
  kernel.memory = account.bytes / streaming_rate(fused.kind);
  if (fused.kind == KernelKind::kMatrix) {
    kernel.matrix = matrix_seconds(network, index, account.flops);
  } else if (fused.kind == KernelKind::kDepthwise) {
    kernel.vector = account.flops * hardware_.constants.depthwise_vector_share / vector_flops();
  }
}

Latency RooflineOracle::estimate(const Network& network) const {
  const std::vector<FusedNode> fused = fuse(network, hardware_.software);
  Latency latency{.batch = batch_,
                  .precision = precision_,
                  .device = hardware_.name,
                  .method = "roofline",
                  .operators = std::vector<OperatorLatency>(fused.size())};
  std::vector<Kernel> kernels(fused.size());
  Footprint footprint;
  for (size_t at = 0; at < fused.size(); ++at) {
    const int index = static_cast<int>(at);
    open_kernel(network, index, fused[at], footprint, kernels[at], latency.operators[at]);
    if (fused[at].kernel >= 0) {  // the kernel may be an earlier node's
      kernels[static_cast<size_t>(fused[at].kernel)].activation +=
          activation_seconds(network.node(index));
    }
  }
  require_memory(network, footprint);
  for (size_t at = 0; at < fused.size(); ++at) {
    if (fused[at].kind == KernelKind::kNone) continue;
    close_kernel(kernels[at], latency.operators[at]);
    latency.ms += latency.operators[at].ms;
    latency.flops += latency.operators[at].flops;
    latency.bytes += latency.operators[at].bytes;
  }
  complete_account(peak_flops_, hardware_.bytes_per_second(), latency);
  return latency;
}

}  // namespace ridgeline
