#include "latency/calibration/samples.h"

#include "latency/power_law.h"
#include "latency/whole_network.h"

namespace ridgeline {
namespace {

/// An error names the row's place.
Network build(const Measurement& row) {
  try {
    return row.build();
  } catch (const Error& error) {
    throw Error(error.kind(), (row.place.empty() ? "" : row.place + ": ") + error.what());
  }
}

}  // namespace

std::vector<Sample> make_samples(const std::vector<Measurement>& rows, const Hardware& hardware) {
  std::vector<Sample> samples;
  samples.reserve(rows.size());
  Hardware roomy = hardware;  // that the network ran there has been shown
  roomy.memory.size_gib = 1e6;
  roomy.constants.whole_network_efficiency = 1;
  for (const Measurement& row : rows) {
    const Network network = build(row);
    Sample sample{.network = row.network,
                  .family = row.family,
                  .precision = row.precision,
                  .batch = row.batch,
                  .measured_ms = row.latency_ms,
                  .kernels = kernels_of(network, fuse(network, hardware.software), row.batch)};
    const Latency whole = WholeNetworkOracle(roomy, row.batch, row.precision).estimate(network);
    sample.flops = whole.flops;
    sample.activations = static_cast<double>(activations_of(network)) * row.batch;
    sample.equation1_ms = whole.ms;
    sample.session = row.session;
    samples.push_back(std::move(sample));
  }
  return samples;
}

double predicted_ms(const Sample& sample, const Hardware& hardware, double supply) {
  const KernelPricer pricer(hardware, sample.precision);
  return pricer.total_seconds(sample.kernels, supply * sample.batch) * 1e3;
}

}  // namespace ridgeline
