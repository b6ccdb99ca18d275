// Images per second of training steps (forward, backward, SGD with momentum) on random images:
// channels-last, fp32, as a trial trains.
//
//   bench_training_speed NETWORK PIXELS BATCH THREADS SECONDS ridgeline|libtorch
//   bench_training_speed NETWORK PIXELS source FILE.py     writes the network for the peer

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <torch/optim/sgd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include "benchmarks/training_speed/network.h"
#include "core/allocator.h"
#include "export/pytorch_source.h"
#include "runtime/device.h"
#include "runtime/network_module.h"

namespace ridgeline {
namespace {

double images_per_second(const Network& network, int batch, double seconds, bool own_kernels) {
  NetworkModule module(network, 1);
  place(*module, at::kCPU);
  module->use_own_kernels(own_kernels);
  module->train();
  torch::optim::SGD optimizer(module->parameters(), torch::optim::SGDOptions(0.01).momentum(0.9));
  auto generator = at::make_generator<at::CPUGeneratorImpl>(uint64_t{1});
  const Shape& shape = network.input_shape();
  const at::Tensor images =
      place(at::randn({batch, shape.channels, shape.height, shape.width}, generator), at::kCPU);
  const at::Tensor labels = at::arange(batch).remainder(network.output_shape().channels);
  const auto step = [&] {
    const at::Tensor loss = at::cross_entropy_loss(module->forward(images), labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  };
  for (int i = 0; i < 3; ++i) step();
  int steps = 0;
  double passed = 0;
  const auto start = std::chrono::steady_clock::now();
  do {
    step();
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
