#pragma once

#include <string>
#include <vector>

#include "core/config.h"

namespace ridgeline {

/// Mean and standard deviation of each channel of the training images, for pixels from 0 to 1, with
/// four decimals: what is printed is what is used. A network is given (pixel - mean) / std.
struct Normalization {
  std::vector<double> mean, deviation;

  template <class V>
  void describe(V& v) {
    v.field("mean", mean, {.help = "of pixels from 0 to 1, per channel"});
    v.field("std", deviation, {.help = "of pixels from 0 to 1, per channel", .min = 1e-4});
  }
  bool operator==(const Normalization&) const = default;
};

/// For a network of `channels`: grey images are repeated for one of 3.
inline Normalization for_channels(Normalization normalization, int channels) {
  for (auto* values : {&normalization.mean, &normalization.deviation}) {
    if (values->size() == 1) values->resize(static_cast<size_t>(channels), values->front());
  }
  return normalization;
}

/// "{mean: [0.5], std: [0.25]}", which `read_config<Normalization>` reads back.
inline std::string to_text(const Normalization& normalization) {
  const auto list = [](const std::vector<double>& values) {
    std::vector<std::string> texts;
    for (const double value : values) texts.push_back(ConfigWriter::plain_number(value));
    return "[" + join(texts) + "]";
  };
  return "{mean: " + list(normalization.mean) + ", std: " + list(normalization.deviation) + "}";
}

}  // namespace ridgeline
