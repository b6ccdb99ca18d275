#include "latency/kernel_cost.h"

#include <algorithm>
#include <cmath>

namespace ridgeline {
namespace {

// Norm of the sum of two times that overlap: 1 would be one after the other, infinity the longer.
constexpr double kOverlap = 4;

double as_double(int64_t value) { return static_cast<double>(value); }

// The rate at half saturation is half the peak; 0 switches the effect off.
double saturation(double size, double half) { return half > 0 ? size / (size + half) : 1; }

bool is_relu(ActivationKind kind) {
  return kind == ActivationKind::kRelu || kind == ActivationKind::kRelu6;
}

// Widths that the libraries' kernels for grouped convolutions are made for.
bool is_aligned(int64_t width) { return width % 32 == 0 || (width & (width - 1)) == 0; }

struct Taps {
  double inside = 1, touched = 1;  // shares of one axis
  bool symmetric = true;
};

/// Of the taps of a window's axis, those that meet the image: for all outputs together, and for any
/// of them.
Taps taps_of(const WindowAxis& axis, int64_t in) {
  const ResolvedPadding resolved = resolve_padding(axis, in);
  const int kernel = axis.kernel, stride = axis.stride;
  if (resolved.before == 0 && resolved.after == 0) return {};
  int64_t inside = 0, touched = 0;
  for (int64_t tap = -resolved.before; tap < kernel - resolved.before; ++tap) {
    const int64_t first = tap >= 0 ? 0 : (-tap + stride - 1) / stride;
    const int64_t last = tap >= in ? -1 : std::min(resolved.out - 1, (in - 1 - tap) / stride);
    inside += std::max<int64_t>(0, last - first + 1);
    touched += last >= first;
  }
  return {as_double(inside) / as_double(kernel * resolved.out), as_double(touched) / kernel,
          resolved.before == resolved.after};
}

void describe_window(const Network& network, const Node& node, int batch, KernelWork& work) {
  const auto* conv = std::get_if<Conv2d>(&node.op);
  if (!conv || (conv->kernel_h == 1 && conv->kernel_w == 1)) return;
  const Shape& in = network.node(node.inputs[0]).shape;
  const auto axes = window_axes(*conv);
  const Taps rows = taps_of(axes[0], in.height);
  const Taps columns = taps_of(axes[1], in.width);
  if (rows.symmetric && columns.symmetric) {
    work.inside_taps = rows.inside * columns.inside;
    work.touched_taps = rows.touched * columns.touched;
  } else {
    work.padded_elements = 2 * as_double(in.elements()) * batch;
  }
}

void describe_matrix(const Network& network, const Node& node, int batch, KernelWork& work) {
  const Shape& in = network.node(node.inputs[0]).shape;
  work.reduction = as_double(in.channels);
  work.outputs = as_double(node.shape.channels);
  work.rows = as_double(node.shape.batch * node.shape.height * node.shape.width) * batch;
  work.images = as_double(node.shape.batch) * batch;
  if (const auto* conv = std::get_if<Conv2d>(&node.op)) {
    work.groups = as_double(conv->groups);
    work.reduction *= conv->kernel_h * conv->kernel_w / work.groups;
    work.outputs /= work.groups;
    work.winograd =
        conv->groups == 1 && conv->kernel_h == 3 && conv->kernel_w == 3 && conv->stride == 1;
    work.misaligned = conv->groups > 1 && !is_aligned(in.channels / conv->groups);
  }
}

KernelWork work_of(const Network& network, int index, KernelKind kind, int batch) {
  const OperatorCost needs = cost(network, index);
  const Node& node = network.node(index);
  KernelWork work{.node = index, .kind = kind};
  work.flops = 2.0 * as_double(needs.madds) * batch;
  work.weight_elements = as_double(needs.weight_elements);
  work.output_elements = as_double(needs.output_elements) * batch;
  work.elements =
      as_double(needs.input_elements) * batch + work.output_elements + work.weight_elements;
  if (kind == KernelKind::kMatrix) describe_matrix(network, node, batch, work);
  describe_window(network, node, batch, work);
  return work;
}

void add_activation(const Node& node, int batch, KernelWork& work) {
  const auto* activation = std::get_if<Activation>(&node.op);
  if (!activation || activation->kind == ActivationKind::kIdentity) return;
  const double elements = as_double(node.shape.elements()) * batch;
  if (is_relu(activation->kind)) {
    work.is_relu = work.kind == KernelKind::kActivation;
    work.relu_elements += elements;
  } else {
    work.swish_elements += elements;
  }
}

}  // namespace

std::vector<KernelWork> kernels_of(const Network& network, const std::vector<FusedNode>& fused,
                                   int batch) {
  std::vector<KernelWork> kernels;
  kernels.reserve(fused.size());
  std::vector<int> place(fused.size(), -1);  // of a node's own kernel
  for (size_t at = 0; at < fused.size(); ++at) {
    const int index = static_cast<int>(at);
    if (fused[at].kind != KernelKind::kNone) {
      place[at] = static_cast<int>(kernels.size());
      kernels.push_back(work_of(network, index, fused[at].kind, batch));
    }
    if (fused[at].kernel < 0) continue;
    const int kernel = place[static_cast<size_t>(fused[at].kernel)];  // maybe an earlier node's
    if (kernel >= 0) {
      add_activation(network.node(index), batch, kernels[static_cast<size_t>(kernel)]);
    }
  }
  return kernels;
}

KernelPricer::KernelPricer(const Hardware& hardware, Precision precision)
    : constants_(hardware.constants),
      fused_elementwise_(hardware.software.fuse_elementwise),
      dense_groups_(hardware.software.dense_groups),
      cpu_kernels_(hardware.software.cpu_kernels),
      winograd_gain_(precision == Precision::kFp32 ? constants_.winograd_gain : 1),
      peak_flops_(hardware.peak_flops(precision)),
      vector_flops_(hardware.vector.tflops * 1e12),
      bandwidth_(hardware.bytes_per_second()),
      element_bytes_(bytes_per_element(precision)),
      cache_bytes_(constants_.cache_mib * (1 << 20)),
      overhead_(constants_.overhead_us * 1e-6),
      launch_(constants_.launch_us * 1e-6),
      input_(constants_.input_us * 1e-6) {}

double KernelPricer::matrix_seconds(const KernelWork& work) const {
  double extra = 1;
  if (work.groups > 1) {
    extra = dense_groups_ ? work.groups : std::pow(work.groups, constants_.grouped_work_exponent);
  }
  const double rate = peak_flops_ * constants_.matrix_efficiency *
                      (work.winograd ? winograd_gain_ : 1) *
                      saturation(work.reduction * extra, constants_.half_reduction) *
                      saturation(work.outputs * extra, constants_.half_outputs) *
                      saturation(work.rows, constants_.half_rows);
  const double factor = work.misaligned && !dense_groups_ ? constants_.misaligned_groups : 1;
  const double tile = constants_.output_tile;
  const double tiled = tile > 1 ? std::ceil(work.outputs / tile) * tile / work.outputs : 1;
  const double inside = cpu_kernels_ ? work.inside_taps : 1;
  return work.flops * inside * extra * factor * tiled / rate;
}

double KernelPricer::overlapped(double a, double b) const {
  return std::max(a, b) + constants_.exposed_share * std::min(a, b);
}

// A library that lays weights out anew at each call reads and writes all of them; then image after
// image reads those that meet it.
double KernelPricer::weight_elements(const KernelWork& work) const {
  if (!cpu_kernels_) return 0;
  return work.weight_elements *
         (constants_.weight_passes +
          constants_.weight_rereads * work.touched_taps * (work.images - 1) *
              saturation(work.weight_elements * work.touched_taps * element_bytes_, cache_bytes_));
}

double KernelPricer::traffic_elements(const KernelWork& work) const {
  switch (work.kind) {
    case KernelKind::kMatrix:
      return (work.groups > 2 ? work.elements * constants_.grouped_traffic : work.elements) +
             weight_elements(work);
    case KernelKind::kElementwise:
    case KernelKind::kGlobalPool:
      return fused_elementwise_ ? work.elements * constants_.elementwise_share : work.elements;
    case KernelKind::kNormalise:
      return work.output_elements * constants_.batch_norm_passes + work.weight_elements;
    case KernelKind::kActivation:
      return work.output_elements *
             (work.is_relu ? constants_.relu_passes : constants_.swish_passes);
    case KernelKind::kDepthwise:
    case KernelKind::kStreaming:
    case KernelKind::kNone:
      break;
  }
  return work.elements;
}

double KernelPricer::streaming_fraction(KernelKind kind) const {
  if (kind == KernelKind::kDepthwise) return constants_.depthwise_fraction;
  if (kind == KernelKind::kGlobalPool) return constants_.pooling_fraction;
  return constants_.bandwidth_fraction;
}

KernelPrice KernelPricer::price(const KernelWork& work) const {
  const bool depthwise = work.kind == KernelKind::kDepthwise;
  KernelPrice price;
  price.bytes = traffic_elements(work) * element_bytes_;
  const double memory = price.bytes * saturation(price.bytes, cache_bytes_) /
                        (bandwidth_ * streaming_fraction(work.kind));
  const double matrix = work.kind == KernelKind::kMatrix ? matrix_seconds(work) : 0;
  const double ideal_vector =
      depthwise ? work.flops * (cpu_kernels_ ? work.inside_taps : 1) / vector_flops_ : 0;
  const double vector = ideal_vector * constants_.depthwise_vector_share;
  const double activation =
      (work.swish_elements * constants_.swish_ps + work.relu_elements * constants_.relu_ps) * 1e-12;
  double busy = depthwise ? overlapped(vector, memory) + activation
                          : std::max(overlapped(matrix, memory), activation);
  double overhead = overhead_;
  if (work.kind == KernelKind::kGlobalPool) overhead += constants_.reduction_us * 1e-6;
  if (cpu_kernels_ && work.padded_elements > 0) {
    busy += work.padded_elements * element_bytes_ / (bandwidth_ * constants_.bandwidth_fraction);
    overhead += overhead_;
  }
  price.seconds = busy + overhead;
  if (overhead > busy) {
    price.bound = Bound::kOverhead;
  } else if (vector + activation > std::max(matrix, memory)) {
    price.bound = Bound::kVector;
  } else {
    price.bound = matrix > memory ? Bound::kCompute : Bound::kMemory;
  }
  const double ideal_compute =
      depthwise ? ideal_vector * constants_.depthwise_vector_share : work.flops / peak_flops_;
  price.ideal_seconds = std::max(ideal_compute, price.bytes / bandwidth_);
  return price;
}

double KernelPricer::with_input(double device_seconds, double images) const {
  if (input_ <= 0) return device_seconds;
  const double input = input_ * images;
  const double longer = std::max(device_seconds, input);
  const double ratio = std::min(device_seconds, input) / longer;
  return longer * std::pow(1 + std::pow(ratio, kOverlap), 1 / kOverlap);
}

double KernelPricer::total_seconds(const std::vector<KernelWork>& kernels, double images) const {
  std::vector<double> seconds;
  seconds.reserve(kernels.size());
  for (const KernelWork& work : kernels) seconds.push_back(price(work).seconds);
  return total_seconds(seconds, images);
}

double KernelPricer::total_seconds(const std::vector<double>& kernel_seconds, double images) const {
  double host = 0, end = 0;
  for (const double seconds : kernel_seconds) {
    host += launch_;
    end = std::max(end, host) + seconds;
  }
  return with_input(end, images);
}

}  // namespace ridgeline
