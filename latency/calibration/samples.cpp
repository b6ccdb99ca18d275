#include "latency/calibration/samples.h"

#include <optional>

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

Sample sample_of(const Measurement& row, const Network& network, const Hardware& hardware) {
  Sample sample{.network = row.network,
                .family = row.family,
                .precision = row.precision,
                .batch = row.batch,
                .measured_ms = row.latency_ms,
                .kernels = kernels_of(network, fuse(network, hardware.software), row.batch),
                .session = row.session,
                .spread = row.spread,
                .resolution = static_cast<int>(network.input_shape().height)};
  Hardware roomy = hardware;  // that the network ran there has been shown
  roomy.memory.size_gib = 1e6;
  roomy.constants.whole_network_efficiency = 1;
  const Latency whole = WholeNetworkOracle(roomy, row.batch, row.precision).estimate(network);
  sample.flops = whole.flops;
  sample.activations = static_cast<double>(activations_of(network)) * row.batch;
  sample.equation1_ms = whole.ms;
  return sample;
}

}  // namespace

std::vector<Sample> make_samples(const std::vector<Measurement>& rows, const Hardware& hardware) {
  std::vector<Sample> samples;
  samples.reserve(rows.size());
  for (const Measurement& row : rows) samples.push_back(sample_of(row, build(row), hardware));
  return samples;
}

std::vector<Sample> make_samples(Measurements& measurements, const Hardware& hardware) {
  std::vector<Sample> samples;
  std::vector<Measurement> built;
  for (Measurement& row : measurements.rows) {
    std::optional<Network> network;
    try {
      network = build(row);
    } catch (const Error& error) {
      measurements.unknown.push_back(error.what());
      ++measurements.unknown_rows;
      continue;
    }
    samples.push_back(sample_of(row, *network, hardware));
    built.push_back(std::move(row));
  }
  measurements.rows = std::move(built);
  if (!samples.empty()) return samples;
  throw Error(ErrorKind::kData, measurements.source + ": no row has a network that can be built: " +
                                    join(measurements.unknown));
}

double predicted_ms(const Sample& sample, const Hardware& hardware, double supply) {
  const KernelPricer pricer(hardware, sample.precision);
  return pricer.total_seconds(sample.kernels, supply * sample.batch) * 1e3;
}

}  // namespace ridgeline
