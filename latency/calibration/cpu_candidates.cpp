#include "latency/calibration/candidates.h"

namespace ridgeline {
namespace {

using Constants = EffectiveConstants;

bool open(const SoftwarePolicy&) { return true; }
bool any_kernel(const KernelWork&) { return true; }
template <KernelKind kKind>
bool by(const KernelWork& work) {
  return work.kind == kKind;
}
bool by_relu(const KernelWork& work) {
  return work.kind == KernelKind::kActivation && work.is_relu;
}
bool by_swish(const KernelWork& work) {
  return work.kind == KernelKind::kActivation && !work.is_relu;
}
bool by_groups(const KernelWork& work) {
  return work.kind == KernelKind::kMatrix && work.groups > 1;
}

Parameter parameter(const char* name, double Constants::*constant, double centre, double spread,
                    double low, double high, const char* why) {
  return {name, centre, spread, low, high, {{constant, 1}}, why};
}

}  // namespace

// C, V and b are measured on the machine, not taken from a data sheet, and its caches may deliver
// more than b: priors lie about 1 and are wide.
const std::vector<Candidate>& cpu_candidates() {
  constexpr auto by_matrix = by<KernelKind::kMatrix>;
  constexpr auto by_depthwise = by<KernelKind::kDepthwise>;
  static const std::vector<Candidate> all = {
      {open, by_matrix,
       parameter("matrix_efficiency", &Constants::matrix_efficiency, 0.95, 0.15, 0.3, 1.5,
                 "the peak is itself the best of measured products and convolutions")},
      {open, by_matrix,
       parameter("half_reduction", &Constants::half_reduction, 16, 0.7, 0.5, 512,
                 "some vectors of additions fill the pipeline")},
      {open, by_matrix,
       parameter("half_outputs", &Constants::half_outputs, 4, 0.7, 0.1, 256,
                 "several vectors of outputs share each load of an input")},
      {open, by_matrix,
       parameter("weight_rereads", &Constants::weight_rereads, 0.3, 1, 1e-3, 4,
                 "images are computed one by one, and caches hold a part of the weights")},
      {open, by_matrix,
       parameter("weight_passes", &Constants::weight_passes, 2, 0.7, 0.01, 50,
                 "laid out anew at each call: another read and write")},
      {open, by_matrix,
       parameter("exposed_share", &Constants::exposed_share, 0.5, 0.5, 0.01, 1,
                 "a core that waits for memory does not compute, but fetches ahead")},
      {open, by_groups,
       parameter("grouped_work_exponent", &Constants::grouped_work_exponent, 0.3, 0.5, 0.02, 1,
                 "between no waste (0) and the dense equivalent (1)")},
      {open, any_kernel,
       parameter("bandwidth_fraction", &Constants::bandwidth_fraction, 0.9, 0.4, 0.1, 4,
                 "below 1 for short streams, above 1 where caches hold the tensor")},
      {open, by_depthwise,
       parameter("depthwise_fraction", &Constants::depthwise_fraction, 0.7, 0.5, 0.05, 4,
                 "rows are read once for each row of the kernel, mostly from caches")},
      {open, by_depthwise,
       parameter("depthwise_vector_share", &Constants::depthwise_vector_share, 0.6, 0.5, 0.05, 10,
                 "the measured rate has its kernel's overhead and traffic in it")},
      {open, by<KernelKind::kGlobalPool>,
       parameter("pooling_fraction", &Constants::pooling_fraction, 0.5, 0.5, 0.01, 4,
                 "reductions over small maps fill few vectors")},
      {open, by<KernelKind::kNormalise>,
       parameter("batch_norm_passes", &Constants::batch_norm_passes, 2, 0.5, 0.1, 10,
                 "one read, one write; fewer where caches hold the tensor")},
      {open, by_relu,
       parameter("relu_passes", &Constants::relu_passes, 2, 0.5, 0.1, 10,
                 "one read, one write; fewer where caches hold the tensor")},
      {open, by_swish,
       parameter("swish_passes", &Constants::swish_passes, 2.5, 0.5, 0.1, 20,
                 "one read, one write, and an exponential")},
      {open, any_kernel,
       parameter("overhead_us", &Constants::overhead_us, 5, 0.7, 0.1, 1000,
                 "an operator of an eager framework takes 1 to 20 us to be called")}};
  return all;
}

}  // namespace ridgeline
