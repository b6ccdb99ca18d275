#pragma once

#include "core/enum_names.h"

namespace ridgeline {

/// How an image is resized; both with antialiasing where it shrinks.
enum class Interpolation { kBilinear, kBicubic };
template <>
struct EnumNames<Interpolation> {
  static constexpr std::array<std::pair<Interpolation, const char*>, 2> values{
      {{Interpolation::kBilinear, "bilinear"}, {Interpolation::kBicubic, "bicubic"}}};
};

}  // namespace ridgeline
