#pragma once

#include "core/enum_names.h"

namespace ridgeline {

/// Order of a tensor's elements in memory: N H W C or N C H W.
enum class MemoryFormat { kChannelsLast, kContiguous };
template <>
struct EnumNames<MemoryFormat> {
  static constexpr std::array<std::pair<MemoryFormat, const char*>, 2> values{
      {{MemoryFormat::kChannelsLast, "channels_last"}, {MemoryFormat::kContiguous, "contiguous"}}};
};

}  // namespace ridgeline
