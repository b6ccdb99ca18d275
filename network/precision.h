#pragma once

#include "core/config.h"

namespace ridgeline {

enum class Precision { kFp32, kTf32, kBf16, kFp16 };

template <>
struct EnumNames<Precision> {
  static constexpr std::array<std::pair<Precision, const char*>, 4> values{
      {{Precision::kFp32, "fp32"},
       {Precision::kTf32, "tf32"},
       {Precision::kBf16, "bf16"},
       {Precision::kFp16, "fp16"}}};
};

/// Bytes of one element in memory (tf32 is stored as fp32).
inline int bytes_per_element(Precision precision) {
  return precision == Precision::kFp32 || precision == Precision::kTf32 ? 4 : 2;
}

}  // namespace ridgeline
