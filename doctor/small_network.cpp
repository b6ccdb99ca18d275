#include "doctor/small_network.h"

namespace ridgeline {

Network small_network() {
  constexpr BatchNorm kBatchNorm;
  constexpr ActivationKind kSwish = ActivationKind::kSwish;
  NetworkBuilder builder("doctor", {3, 16, 16});
  int x = builder.conv_bn_act("stem", builder.input(),
                              {.out_channels = 8, .kernel_h = 3, .kernel_w = 3, .stride = 2},
                              kBatchNorm, kSwish);
  x = builder.conv_bn_act("depthwise", x,
                          {.out_channels = 8, .kernel_h = 3, .kernel_w = 3, .groups = 8},
                          kBatchNorm, kSwish);
  x = builder.squeeze_excite("se", x, 2, kSwish);
  x = builder.add("pool", GlobalAveragePool{}, {x});
  builder.add("classifier", Linear{.out_features = 4}, {x});
  return std::move(builder).build();
}

}  // namespace ridgeline
