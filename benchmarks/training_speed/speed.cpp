// Images per second of training steps (forward, backward, SGD with momentum) on random images:
// channels-last, fp32, as a trial trains.
//
//   bench_training_speed NETWORK PIXELS BATCH THREADS SECONDS ridgeline|libtorch
//   bench_training_speed NETWORK PIXELS source FILE.py     writes the network for the peer

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include "benchmarks/training_speed/network.h"
#include "benchmarks/training_speed/training_steps.h"
#include "core/allocator.h"
#include "export/pytorch_source.h"
#include "runtime/device.h"

namespace ridgeline {
namespace {

double images_per_second(const Network& network, int batch, double seconds, bool own_kernels) {
  TrainingSteps training(network, batch, own_kernels);
  training.run(3);
  int steps = 0;
  double passed = 0;
  const auto start = std::chrono::steady_clock::now();
  do {
    training.run(1);
    ++steps;
    passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  } while (passed < seconds);
  return steps * batch / passed;
}

int run(int argc, char** argv) {
  if (argc < 5) {
    std::cerr << "usage: bench_training_speed NETWORK PIXELS BATCH THREADS SECONDS "
                 "ridgeline|libtorch, or NETWORK PIXELS source FILE.py\n";
    return 2;
  }
  const Network network = benchmark_network(argv[1], std::atoi(argv[2]));
  if (std::string(argv[3]) == "source") {
    std::ofstream(argv[4]) << pytorch_source(network);
    return 0;
  }
  set_threads(std::atoi(argv[4]));
  std::cout << images_per_second(network, std::atoi(argv[3]), argc > 5 ? std::atof(argv[5]) : 5,
                                 argc <= 6 || std::string(argv[6]) == "ridgeline")
            << std::endl;
  return 0;
}

}  // namespace
}  // namespace ridgeline

int main(int argc, char** argv) {
  ridgeline::keep_freed_memory();
  try {
    return ridgeline::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "bench_training_speed: " << error.what() << "\n";
    return 1;
  }
}
