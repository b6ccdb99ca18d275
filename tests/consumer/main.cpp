#include <iostream>

#include "latency/roofline.h"
#include "network/cost.h"
#include "search_space/architecture.h"

int main(int, char** arguments) {
  const auto network = ridgeline::lower(ridgeline::load_architecture(arguments[1]));
  const ridgeline::RooflineOracle oracle(ridgeline::load_hardware("v100"), 128);
  std::cout << network.name() << ": " << ridgeline::cost(network).total.params << " parameters, "
            << oracle.estimate(network).ms << " ms (" << oracle.description() << ")\n";
}
