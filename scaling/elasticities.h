#pragma once

#include <functional>
#include <string>

#include "scaling/compound.h"

namespace ridgeline {

/// d ln price / d ln depth, width and resolution at a network: by how many percent its latency
/// grows when one dimension grows by one percent. Multiply-adds have about 1, 2, 2.
struct Elasticities {
  double depth = 0, width = 0, resolution = 0;
};
struct NamedElasticities {
  std::string name;  ///< hardware, or "multiply-adds"
  Elasticities of;
};

/// Depth: each stage's price of one more layer, times its layers. Width and resolution: the slope
/// between half a step down and half a step up of 1.5 times, on dimensions rounded to whole filters
/// and pixels. Where the smaller or the larger network does not fit, the slope to the other side.
Elasticities elasticities(const Architecture& base,
                          const std::function<double(const Architecture&)>& price);

/// The price of a network whose depth and width are not rounded to whole layers and steps of
/// filters: the layers' fractions count as that part of the price of one more layer, resolutions
/// between two pixels are interpolated, filters are rounded to whole ones. Agrees with `price`
/// where the factors give whole numbers.
double unrounded_price(const Architecture& base, const ScalingFactors& factors,
                       const std::function<double(const Architecture&)>& price);

}  // namespace ridgeline
