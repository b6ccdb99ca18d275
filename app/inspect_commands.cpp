#include <iostream>
#include <nlohmann/json.hpp>

#include "accuracy/evaluators/make_evaluator.h"
#include "accuracy/full_training/config.h"
#include "app/commands.h"
#include "app/network_commands.h"
#include "app/pipeline.h"
#include "app/roofline.h"
#include "controller/mutation.h"
#include "core/file.h"
#include "core/units.h"
#include "experiments/config_places.h"
#include "experiments/devices.h"
#include "experiments/executors/gpu_plan.h"
#include "experiments/preflight.h"
#include "experiments/scoring.h"
#include "latency/account.h"
#include "latency/measurement/make_oracle.h"
#include "latency/power_law.h"
#include "latency/whole_network.h"
#include "network/published/known_networks.h"
#include "runtime/device.h"

namespace ridgeline {
namespace {

constexpr int kMostPixels = 8192;  // as in architecture files

/// The account with what two simple models say of the whole network at once: the paper's, and a
/// power law where the hardware has one.
void print_beside_baselines(const Network& network, const Latency& latency,
                            const LatencyConfig& config, bool json) {
  const Hardware hardware = load_hardware(config.hardware);
  const Latency baseline =
      WholeNetworkOracle(hardware, config.batch, config.precision).estimate(network);
  std::optional<double> law_ms;
  if (hardware.constants.power_law_ms > 0) {
    law_ms = PowerLawOracle(hardware, config.batch, config.precision).estimate(network).ms;
  }
  if (json) {
    auto account = nlohmann::ordered_json::parse(account_json(network, latency));
    account["baseline"] = {{"method", baseline.method},
                           {"ms", baseline.ms},
                           {"bytes", baseline.bytes},
                           {"intensity", baseline.intensity},
                           {"efficiency", baseline.efficiency}};
    if (law_ms) account["power_law"] = {{"method", "power_law"}, {"ms", *law_ms}};
    std::cout << account.dump(2) << "\n";
    return;
  }
  std::cout << account_table(network, latency) << "\nbaseline, Equation 1 on the whole network ("
            << baseline.method << "): " << format_ms(baseline.ms) << "\n";
  if (!law_ms) return;
  std::cout << "baseline, multiply-adds and activations (power_law): " << format_ms(*law_ms)
            << "\n";
}

/// The equation, and whether the target in it decides anything.
std::string reward_text(const ExperimentConfig& config) {
  const Reward reward = reward_of(config);
  if (config.latency.kind == LatencyKind::kNone) return "the accuracy";
  if (reward.targets_matter()) return reward.equation();
  return reward.equation() +
         "; the target is a constant factor of it: the exponent decides how fast the winner is, "
         "and the target which networks are too slow to be trained (search.max_latency_ratio)";
}

/// What the pre-flight says of every target that can be looked at here; throws where it objects.
std::string targets_text(const ExperimentConfig& config, const CandidateBuilder& candidates) {
  const auto targets = config.targets();
  std::vector<std::unique_ptr<LatencyOracle>> oracles;
  for (const auto& target : targets) {
    oracles.push_back(measures_elsewhere(target.latency) ? nullptr : oracle_of(target.latency));
    if (oracles.back()) oracles.back()->require(candidates.space());
  }
  const auto preflights = check_targets(candidates, config, oracles);
  std::string text;
  for (size_t i = 0; i < targets.size(); ++i) {
    const auto& [name, target_ms, latency] = targets[i];
    const bool here = oracles[i] != nullptr;
    text += (i == 0 ? "space " + candidates.space().name() : "accelerator " + name) + ": " +
            (here ? preflights[i]->str()
                  : "its latency and the target are not looked at, without " +
                        latency.measured.device) +
            "\nlatency" + on_accelerator(name) + ": " +
            (here ? oracles[i]->description()
                  : "measured on " + latency.measured.device + ", which this machine has not") +
            "\n";
  }
  return text;
}

std::string plan_text(const ExperimentConfig& config) {
  const std::string trials = "plan: " + std::to_string(config.search.trials) + " trials";
  if (!trains(config.accuracy.kind)) return trials + ", which train nothing";
  if (config.accuracy.kind == AccuracyKind::kSupernet) {
    const SupernetConfig& supernet = config.accuracy.supernet;
    return (supernet.weights.empty()
                ? "plan: shared weights, " + std::to_string(supernet.epochs) + " epochs; then "
                : "plan: ") +
           std::to_string(config.search.trials) + " trials, which train nothing";
  }
  return trials + " of " + std::to_string(config.accuracy.training.epochs) + " epochs, " +
         (config.executor() == ExecutorKind::kInProcess ? "one"
                                                        : std::to_string(config.runtime.workers)) +
         " at a time";
}

/// One network of the space with all that the space's file leaves to defaults.
std::string example_text(const CandidateBuilder& candidates, const ExperimentConfig& config) {
  if (candidates.space().is_plain()) return {};
  RandomStream stream(config.seed, 0, "preflight");
  const Genotype genotype = random_genotype(candidates.space().decisions(), stream);
  return "a random network of the space, with every key and default:\n" +
         to_yaml(candidates.architecture(genotype)) + "\n";
}

void validate(const ValidateOptions& options, const ExperimentConfig& config) {
  const auto evaluator = make_evaluator(config.accuracy);
  const CandidateBuilder candidates(config.search_space(), data_shape(*evaluator));
  evaluator->require(candidates.space());
  const std::string text = targets_text(config, candidates);
  check_limits(candidates, config);
  std::cout << options.config << ": valid\n" << text;
  for (const auto& line : data_lines(candidates, *evaluator)) std::cout << line << "\n";
  std::cout << "reward: " << reward_text(config) << "\n" << plan_text(config) << "\n";
  for (const DeviceNeed& need : devices_needed_here(config)) {
    if (device_is_here(need.device)) continue;
    std::cout << need.key << ": " << need.device
              << " is not on this machine; the search needs it: " << need.why << "\n";
  }
  std::cout << example_text(candidates, config);
}

}  // namespace

void profile_command(const ProfileOptions& options) {
  if (options.csv && options.json)
    throw Error(ErrorKind::kUsage, "--csv and --json exclude each other");
  if (options.measured && !options.svg.empty()) {
    throw Error(ErrorKind::kUsage, "--svg: needs an account of operators; leave out --measured");
  }
  LatencyConfig config;
  config.kind = options.measured ? LatencyKind::kMeasured : LatencyKind::kRoofline;
  config.hardware = options.hardware;
  config.batch = options.batch;
  config.measured.device = options.device;
  config.measured.threads = options.threads;
  if (options.batch < 1) throw Error(ErrorKind::kUsage, "--batch: must be at least 1");
  if (options.threads < 1) throw Error(ErrorKind::kUsage, "--threads: must be at least 1");
  if (!options.precision.empty()) {
    config.precision = enum_from_yaml<Precision>(YamlView::word(options.precision, "--precision"));
  }
  if (options.resolution < 0 || options.resolution > kMostPixels) {
    throw Error(ErrorKind::kUsage, "--resolution: must be from 1 to " +
                                       std::to_string(kMostPixels) + ", not " +
                                       std::to_string(options.resolution));
  }
  const Network network = load_network(options.network, options.resolution);
  if (options.measured) warn_if_blas_is_slow();
  const Latency latency = make_oracle(config)->estimate(network);
  if (options.csv) {
    std::cout << account_csv(network, latency);
  } else if (options.measured) {
    std::cout << (options.json ? account_json(network, latency) + "\n"
                               : account_table(network, latency));
  } else {
    print_beside_baselines(network, latency, config, options.json);
  }
  if (!options.svg.empty()) {
    write_file_atomic(options.svg,
                      to_svg(kernel_roofline(network, latency, load_hardware(options.hardware))));
  }
}

void validate_command(const ValidateOptions& options) {
  const ExperimentConfig config = load_experiment(options.config, options.settings, options.strict);
  at_places(config, [&] { validate(options, config); });
}

void reference_command(const ReferenceOptions& options) {
  std::cout << (options.training ? write_config(FullTrainingConfig(), /*annotate=*/true)
                                 : reference_config());
}

}  // namespace ridgeline
