#include <iostream>

#include "latency/factory.h"
#include "network/cost.h"
#include "search_space/architecture.h"

int main(int, char** arguments) {
  const auto network = ridgeline::lower(ridgeline::load_architecture(arguments[1]));
  const auto oracle = ridgeline::make_oracle({.hardware = "v100", .batch = 128});
  std::cout << network.name() << ": " << ridgeline::cost(network).total.params << " parameters, "
            << oracle->estimate(network).ms << " ms (" << oracle->description() << ")\n";
}
