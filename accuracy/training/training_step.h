#pragma once

#include <string>

#include "network/network.h"

namespace ridgeline {

struct TrainingStep {
  double ms = 0;    ///< of the second step: the first prepares the device
  double loss = 0;  ///< after it
};

/// Two steps of gradient descent (forward, backward, update) of `network` on random images, fp32 on
/// `device`: shows that training works there. Throws what LibTorch throws where it does not.
TrainingStep try_training_step(const Network& network, const std::string& device);

}  // namespace ridgeline
