#pragma once

#include <array>
#include <utility>

#include "core/enum_names.h"

namespace ridgeline {

enum class OptimizerKind { kSgd, kRmsProp, kAdam, kLamb };
template <>
struct EnumNames<OptimizerKind> {
  static constexpr std::array<std::pair<OptimizerKind, const char*>, 4> values{
      {{OptimizerKind::kSgd, "sgd"},
       {OptimizerKind::kRmsProp, "rmsprop"},
       {OptimizerKind::kAdam, "adam"},
       {OptimizerKind::kLamb, "lamb"}}};
};
/// What a training minimises.
enum class LossKind { kCrossEntropy, kBinaryCrossEntropy };
template <>
struct EnumNames<LossKind> {
  static constexpr std::array<std::pair<LossKind, const char*>, 2> values{
      {{LossKind::kCrossEntropy, "cross_entropy"},
       {LossKind::kBinaryCrossEntropy, "binary_cross_entropy"}}};
};
/// The learning rate over time.
enum class ScheduleKind { kConstant, kCosine, kExponential };
template <>
struct EnumNames<ScheduleKind> {
  static constexpr std::array<std::pair<ScheduleKind, const char*>, 3> values{
      {{ScheduleKind::kConstant, "constant"},
       {ScheduleKind::kCosine, "cosine"},
       {ScheduleKind::kExponential, "exponential"}}};
};

/// Over which images batch norm takes mean and variance in a training of several processes.
enum class BatchNormStatistics { kSynchronised, kLocal };
template <>
struct EnumNames<BatchNormStatistics> {
  static constexpr std::array<std::pair<BatchNormStatistics, const char*>, 2> values{
      {{BatchNormStatistics::kSynchronised, "synchronised"},
       {BatchNormStatistics::kLocal, "local"}}};
};

/// Who computes depthwise and 1 x 1 convolutions and batch norms of a training on a CPU.
enum class KernelSource { kRidgeline, kLibTorch };
template <>
struct EnumNames<KernelSource> {
  static constexpr std::array<std::pair<KernelSource, const char*>, 2> values{
      {{KernelSource::kRidgeline, "ridgeline"}, {KernelSource::kLibTorch, "libtorch"}}};
};

}  // namespace ridgeline
