#include <iostream>

#include "app/commands.h"
#include "app/pipeline.h"
#include "app/roofline.h"
#include "core/config_path.h"
#include "core/file.h"
#include "core/units.h"
#include "experiments/preflight.h"
#include "latency/account.h"
#include "latency/factory.h"
#include "runtime/device.h"

namespace ridgeline {

void profile_command(const ProfileOptions& options) {
  if (options.format != "table" && options.format != "json" && options.format != "csv") {
    throw Error(ErrorKind::kUsage,
                "--format: '" + options.format + "' is not one of table, json, csv");
  }
  if (options.measured && !options.svg.empty()) {
    throw Error(ErrorKind::kUsage, "--svg: needs an account of operators; leave out --measured");
  }
  LatencyConfig config;
  config.kind = options.measured ? LatencyKind::kMeasured : LatencyKind::kRoofline;
  config.hardware = options.hardware;
  config.batch = options.batch;
  config.device = options.device;
  config.threads = options.threads;
  if (options.batch < 1) throw Error(ErrorKind::kUsage, "--batch: must be at least 1");
  if (!options.precision.empty()) {
    config.precision = enum_from_yaml<Precision>(YamlView::parse(options.precision, "--precision"));
  }
  const Network network =
      lower(load_architecture(find_config("architectures", options.architecture)));
  if (options.measured) warn_if_blas_is_slow();
  const Latency latency = make_oracle(config)->estimate(network);
  if (options.format == "json") {
    std::cout << account_json(network, latency) << "\n";
  } else {
    std::cout << (options.format == "csv" ? account_csv(network, latency)
                                          : account_table(network, latency));
  }
  if (!options.svg.empty()) {
    write_file_atomic(options.svg,
                      to_svg(kernel_roofline(network, latency, load_hardware(options.hardware))));
  }
}

void validate_command(const ValidateOptions& options) {
  const ExperimentConfig config = load_experiment(options.config, options.settings);
  const SearchSpace space = config.search_space();
  const auto oracle = make_oracle(config.latency);
  const auto evaluator = make_evaluator(config.accuracy);
  const Preflight preflight =
      check_space(space, *oracle, config, preflight_samples(config.latency.kind));
  std::cout << options.config << ": valid\n"
            << "space " << space.name() << ": " << preflight.str() << "\n"
            << "latency: " << oracle->description() << "\n";
  if (evaluator->classes() > 0) {
    std::cout << "data: " << evaluator->classes() << " classes, " << evaluator->channels()
              << " channels\n";
  }
  std::cout << "plan: " << config.search.trials << " trials of " << config.accuracy.training.epochs
            << " epochs, " << config.runtime.workers << " at a time\n";
}

void reference_command() { std::cout << reference_config(); }

}  // namespace ridgeline
