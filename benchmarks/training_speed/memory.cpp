// The memory that `training_memory` predicts beside what a training step really takes: the largest
// resident size of a process of its own, less the one before the network was made. The factors of
// `TrainingMemory::resident` were fitted to networks 0 to 19.
//
//   bench_training_memory [FIRST LAST]

#include <ATen/ATen.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include "benchmarks/training_speed/network.h"
#include "benchmarks/training_speed/training_steps.h"
#include "core/allocator.h"
#include "core/random.h"
#include "core/units.h"
#include "network/training_memory.h"
#include "runtime/device.h"

namespace ridgeline {
namespace {

constexpr int kBatch = 64;

/// Of /proc/self/status, in bytes.
double memory_bytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return 1024 * std::atof(line.c_str() + field.size());
  }
  return 0;
}

/// Three shipped architectures at four sizes, then random networks of the space `efficientnet_x`.
Network network_of(int index) {
  static const std::vector<std::string> kNames = {"efficientnet_b0", "efficientnet_x_b0_gpu",
                                                  "efficientnet_x_b0_tpu"};
  if (index < 12)
    return benchmark_network(kNames[static_cast<size_t>(index) % 3], 32 * (1 + index / 3));
  const CandidateBuilder builder(SearchSpace::load(find_config("spaces", "efficientnet_x")),
                                 DataShape{});
  RandomStream stream(1, static_cast<uint64_t>(index), "networks of the memory benchmark");
  Architecture architecture =
      builder.architecture(random_genotype(builder.space().decisions(), stream));
  architecture.resolution = 64;
  return lower(architecture);
}

void train(const Network& network) {
  set_threads(1);
  at::mm(at::ones({64, 64}), at::ones({64, 64}));  // the libraries make themselves ready
  const double before = memory_bytes("VmRSS:");
  TrainingSteps training(network, kBatch, /*own_kernels=*/true);
  training.run(3);
  std::cout << memory_bytes("VmHWM:") - before << std::endl;
}

double measured_bytes(const std::string& program, int index) {
  FILE* pipe = popen((program + " " + std::to_string(index)).c_str(), "r");
  double bytes = 0;
  if (pipe == nullptr || std::fscanf(pipe, "%lf", &bytes) != 1) bytes = 0;
  if (pipe != nullptr) pclose(pipe);
  return bytes;
}

void compare(const std::string& program, int first, int last) {
  TextTable table;
  table.header = {"network", "pixels", "weights MiB", "activations MiB", "measured MiB", "error %"};
  double sum = 0, worst = 0;
  for (int i = first; i <= last; ++i) {
    const Network network = network_of(i);
    const TrainingMemory memory = training_memory(network, {.batch = kBatch});
    const double predicted = memory.resident();
    const double measured = measured_bytes(program, i);
    const double error = 100 * (predicted / measured - 1);
    sum += std::abs(error);
    worst = std::max(worst, std::abs(error));
    table.rows.push_back({network.name(), std::to_string(network.input_shape().height),
                          format_fixed(memory.weights / (1 << 20), 0),
                          format_fixed(memory.activations / (1 << 20), 0),
                          format_fixed(measured / (1 << 20), 0), format_fixed(error, 1)});
  }
  std::cout << table.str() << "mean error " << format_fixed(sum / (last - first + 1), 1)
            << " %, largest " << format_fixed(worst, 1) << " %\n";
}

}  // namespace
}  // namespace ridgeline

int main(int argc, char** argv) {
  ridgeline::keep_freed_memory();
  if (argc == 2) {
    ridgeline::train(ridgeline::network_of(std::atoi(argv[1])));
  } else {
    ridgeline::compare(argv[0], argc > 2 ? std::atoi(argv[1]) : 0,
                       argc > 2 ? std::atoi(argv[2]) : 19);
  }
  return 0;
}
