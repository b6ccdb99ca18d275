#include <iostream>

#include "app/family_report.h"
#include "app/network_commands.h"
#include "app/pipeline.h"
#include "core/config_path.h"
#include "core/logging.h"
#include "core/progress.h"
#include "latency/measurement/make_oracle.h"

namespace ridgeline {
namespace {

void print(const std::vector<LacsResult>& results, const LacsConfig& config,
           const std::string& out) {
  std::cout << family_report(results, config);
  if (!out.empty()) write_families(results, out);
}

/// LACS on the best network of a run, with the run's settings or changed `scaling.*` ones.
/// Candidates that the run has trained before are taken from its store.
void scale_run(const ScaleOptions& options) {
  RunDirectory run = RunDirectory::open(options.source);
  ExperimentConfig config = load_experiment(run.config_file(), options.settings, options.strict);
  ExperimentConfig same = config;
  same.scaling = run.config().scaling;
  if (same.result_identity() != run.config().result_identity()) {
    throw Error(ErrorKind::kUsage, "scale: only scaling.* and runtime.* of a run may be changed");
  }
  require_trial_device(config);
  Session session = make_session(config, run);
  print(run_scaling(config, best_architecture(run),
                    {session.target_oracles(), *session.runner, run.store()}),
        config.scaling, options.out);
}

void scale_with_config(const ScaleOptions& options, const std::filesystem::path& file) {
  const ExperimentConfig config = load_experiment(options.config, options.settings, options.strict);
  const std::filesystem::path folder = std::filesystem::path("runs") / ("scale-" + config.name);
  RunDirectory run = RunDirectory::create(folder, config);
  require_trial_device(config);
  Session session = make_session(config, run);
  const CandidateBuilder one(SearchSpace::load(file), data_shape(*session.evaluator));
  print(run_scaling(config, one.architecture({}),
                    {session.target_oracles(), *session.runner, run.store()}),
        config.scaling, options.out);
}

void scale_by_coefficients(const ScaleOptions& options, const Architecture& base) {
  LatencyConfig latency;
  latency.hardware = options.hardware;
  latency.batch = options.batch;
  const auto oracle = make_oracle(latency);
  LacsConfig config;
  config.mode = ScalingMode::kGiven;
  config.given = {options.alpha, options.beta, options.gamma};
  config.family = options.phi;
  if (!options.targets.empty()) config.family_targets = options.targets;
  config.rounding.resolution_rounding = options.resolution_rounding;
  config.rounding.resolution_multiple = options.resolution_multiple;
  LacsResult result = search_coefficients(
      base, config,
      {.latency_ms = [&](const Architecture& a) { return oracle->estimate_architecture(a).ms; },
       .evaluate = {}});
  result.elasticities[0].name = options.hardware;
  for (auto& member : result.family)
    price_member(member, {{"", *oracle}}, 0, options.price_on, latency);
  std::cout << oracle->description() << "\nrounding: " << to_text(config.rounding) << "\n";
  print({result}, config, options.out);
}

}  // namespace

void scale_command(const ScaleOptions& options) {
  if (std::filesystem::is_directory(options.source)) {
    scale_run(options);
    return;
  }
  const auto file = find_config("architectures", options.source);
  const Architecture base = load_architecture(file);
  if (!options.config.empty()) {
    scale_with_config(options, file);
  } else {
    scale_by_coefficients(options, base);
  }
}

}  // namespace ridgeline
