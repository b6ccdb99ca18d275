#include "latency/calibration/candidates.h"

#include <algorithm>

namespace ridgeline {
namespace {

using Constants = EffectiveConstants;

bool is_kind(const KernelWork& work, KernelKind kind) { return work.kind == kind; }
bool always(const SoftwarePolicy&) { return true; }
bool by_any(const KernelWork&) { return true; }
bool by_matrix(const KernelWork& work) { return is_kind(work, KernelKind::kMatrix); }

// Compiled whole, elementwise work included: the depthwise convolutions and pools then stream as
// the convolutions do, and activations take time on the vector units.
bool compiled(const SoftwarePolicy& policy) { return policy.fuse_elementwise; }
bool by_kernels(const SoftwarePolicy& policy) { return !policy.fuse_elementwise; }
bool grouped_kernels(const SoftwarePolicy& policy) {
  return by_kernels(policy) && !policy.dense_groups;
}

std::vector<Candidate> matrix_candidates() {
  return {
      {always,
       by_matrix,
       {"matrix_efficiency",
        0.8,
        0.3,
        0.05,
        2,
        {{&Constants::matrix_efficiency, 1}},
        "large GEMMs reach 60 to 95 % of a data sheet's peak"}},
      {always,
       by_matrix,
       {"half_reduction",
        64,
        0.7,
        1,
        4096,
        {{&Constants::half_reduction, 1}},
        "half the depth of a 128-deep tile"}},
      {always,
       by_matrix,
       {"half_outputs",
        128,
        0.7,
        1,
        4096,
        {{&Constants::half_outputs, 1}},
        "about a tile of 64 to 128 output channels"}},
      {by_kernels,
       [](const KernelWork& work) { return work.winograd; },
       {"winograd_gain",
        1.3,
        0.3,
        1,
        4,
        {{&Constants::winograd_gain, 1}},
        "in DeepBench's fp32 tables, 3x3 convolutions are 1.8 to 2.2 times as fast as 1x1"},
       Precision::kFp32},
      {grouped_kernels,
       [](const KernelWork& work) { return by_matrix(work) && work.groups > 1; },
       {"grouped_work_exponent",
        0.3,
        0.5,
        0.02,
        1,
        {{&Constants::grouped_work_exponent, 1}},
        "between no waste (0) and the dense equivalent (1)"}},
      {grouped_kernels,
       [](const KernelWork& work) { return work.misaligned; },
       {"misaligned_groups",
        1.4,
        0.5,
        1,
        10,
        {{&Constants::misaligned_groups, 1}},
        "padding to the next aligned width costs 1.1 to 1.9"}},
      {compiled,
       [](const KernelWork& work) { return by_matrix(work) && work.groups > 2; },
       {"grouped_traffic",
        10,
        1,
        1,
        100,
        {{&Constants::grouped_traffic, 1}},
        "from one pass over the tensors (1) to one for each of some dozen groups"}},
  };
}

std::vector<Candidate> memory_candidates() {
  return {
      {by_kernels,
       by_any,
       {"bandwidth_fraction",
        0.75,
        0.2,
        0.1,
        1,
        {{&Constants::bandwidth_fraction, 1}},
        "streaming kernels reach 65 to 90 % of the peak"}},
      {compiled,
       by_any,
       {"bandwidth_fraction",
        0.75,
        0.2,
        0.1,
        1,
        {{&Constants::bandwidth_fraction, 1},
         {&Constants::depthwise_fraction, 1},
         {&Constants::pooling_fraction, 1}},
        "streaming kernels reach 65 to 90 % of the peak"}},
      {by_kernels,
       [](const KernelWork& work) { return is_kind(work, KernelKind::kDepthwise); },
       {"depthwise_fraction",
        0.25,
        0.6,
        0.01,
        1,
        {{&Constants::depthwise_fraction, 1}},
        "depthwise kernels of cuDNN are several times slower than streaming"}},
      {by_kernels,
       [](const KernelWork& work) { return is_kind(work, KernelKind::kDepthwise); },
       {"depthwise_vector_share",
        2,
        1,
        0.05,
        100,
        {{&Constants::depthwise_vector_share, 1}},
        "direct kernels with few multiply-adds per load reach some 5 to 50 % of the peak",
        10}},
      {by_kernels,
       [](const KernelWork& work) { return is_kind(work, KernelKind::kGlobalPool); },
       {"pooling_fraction",
        0.35,
        0.5,
        0.01,
        1,
        {{&Constants::pooling_fraction, 1}},
        "reductions over small maps fill few units"}},
      {compiled,
       [](const KernelWork& work) {
         return is_kind(work, KernelKind::kElementwise) || is_kind(work, KernelKind::kGlobalPool);
       },
       {"elementwise_share",
        0.25,
        0.5,
        0.01,
        1,
        {{&Constants::elementwise_share, 1}},
        "fused into a producer or a consumer, one of three or four passes is left"}},
  };
}

std::vector<Candidate> activation_candidates() {
  const auto by_relu = [](const KernelWork& work) {
    return is_kind(work, KernelKind::kActivation) && work.is_relu;
  };
  const auto by_swish = [](const KernelWork& work) {
    return is_kind(work, KernelKind::kActivation) && !work.is_relu;
  };
  const auto eager = [](const SoftwarePolicy& policy) {
    return !policy.fold_batch_norm && !policy.fuse_elementwise;
  };
  const auto graph = [](const SoftwarePolicy& policy) {
    return policy.fold_batch_norm && !policy.fuse_elementwise;
  };
  return {
      {eager,
       [](const KernelWork& work) { return is_kind(work, KernelKind::kNormalise); },
       {"batch_norm_passes",
        2,
        0.4,
        0.2,
        10,
        {{&Constants::batch_norm_passes, 1}},
        "one read, one write; fewer where caches hold the tensor"}},
      {eager,
       by_relu,
       {"relu_passes",
        2,
        0.4,
        0.2,
        10,
        {{&Constants::relu_passes, 1}},
        "one read, one write; fewer where caches hold the tensor"}},
      {eager,
       by_swish,
       {"swish_passes",
        2,
        0.4,
        0.2,
        10,
        {{&Constants::swish_passes, 1}},
        "one kernel: one read, one write"}},
      {graph,
       by_swish,
       {"swish_passes",
        5,
        0.3,
        0.5,
        20,
        {{&Constants::swish_passes, 1}},
        "a sigmoid reads and writes, a multiplication reads twice and writes"}},
      {compiled,
       [](const KernelWork& work) { return work.swish_elements > 0; },
       {"swish_ps",
        8,
        0.5,
        0.1,
        1000,
        {{&Constants::swish_ps, 1}},
        "some 30 vector operations at 4 Top/s"}},
      {compiled,
       [](const KernelWork& work) { return work.relu_elements > 0; },
       {"relu_ps",
        2,
        0.8,
        0.1,
        1000,
        {{&Constants::relu_ps, 1}},
        "some 8 vector operations with conversions",
        50}},
  };
}

std::vector<Candidate> overhead_candidates() {
  return {{always,
           by_any,
           {"overhead_us",
            4,
            0.5,
            0.01,
            100,
            {{&Constants::overhead_us, 1}},
            "a kernel starts and drains in some microseconds"}},
          {[](const SoftwarePolicy& policy) { return !policy.fold_batch_norm; },
           by_any,
           {"launch_us",
            10,
            0.5,
            0.1,
            1000,
            {{&Constants::launch_us, 1}},
            "an operator of an eager framework takes its host 5 to 20 us",
            40}},
          {compiled,
           [](const KernelWork& work) { return is_kind(work, KernelKind::kGlobalPool); },
           {"reduction_us",
            3,
            2,
            0.01,
            1e4,
            {{&Constants::reduction_us, 1}},
            "a few overheads: what comes after waits for the whole tensor",
            100}},
          {compiled,
           by_any,
           {"input_us",
            1,
            1.5,
            1e-3,
            1e5,
            {{&Constants::input_us, 1}},
            "images wait in memory; decoding one takes a host some hundred us",
            500}}};
}

const std::vector<Candidate>& candidates(const SoftwarePolicy& policy) {
  if (policy.cpu_kernels) return cpu_candidates();
  static const std::vector<Candidate> all = [] {
    std::vector<Candidate> result;
    for (const auto& part : {matrix_candidates(), memory_candidates(), activation_candidates(),
                             overhead_candidates()}) {
      result.insert(result.end(), part.begin(), part.end());
    }
    return result;
  }();
  return all;
}

}  // namespace

void Parameter::set(double value, EffectiveConstants& constants) const {
  for (const Target& target : targets) constants.*target.constant = value * target.factor;
}

double Parameter::get(const EffectiveConstants& constants) const {
  if (targets.empty()) return 1;
  return constants.*targets.front().constant / targets.front().factor;
}

std::vector<Parameter> open_parameters(const Hardware& hardware) {
  std::vector<Parameter> parameters;
  for (const Candidate& candidate : candidates(hardware.software)) {
    if (candidate.open(hardware.software)) parameters.push_back(candidate.parameter);
  }
  return parameters;
}

std::vector<Parameter> free_parameters(const Hardware& hardware,
                                       const std::vector<Sample>& samples) {
  std::vector<Parameter> parameters;
  for (const Candidate& candidate : candidates(hardware.software)) {
    if (!candidate.open(hardware.software)) continue;
    const bool used = std::any_of(samples.begin(), samples.end(), [&](const Sample& sample) {
      if (candidate.precision && candidate.precision != sample.precision) return false;
      return std::any_of(sample.kernels.begin(), sample.kernels.end(), candidate.used);
    });
    if (used) parameters.push_back(candidate.parameter);
  }
  return parameters;
}

}  // namespace ridgeline
